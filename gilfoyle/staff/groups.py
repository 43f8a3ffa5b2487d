"""The roles as Django's groups: made and brought to the table of `roles.py` after every `migrate`."""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.contrib.auth.models import Group, Permission, User
from django.db.models import Prefetch

from gilfoyle.lib.transactions import atomic
from gilfoyle.staff.outside import told_by_caller
from gilfoyle.staff.roles import ROLES, Role, list_permissions

ROLE_NAMES = tuple(role.name for role in ROLES)


@told_by_caller()  # by the release that has the table
def make_groups(*, using: str = "default") -> None:
    """Make the four groups, and give each exactly what the table says; what is as it should be stays untouched.

    A model of the table that this installation does not have is passed over, for `migrate` may stop half-way.
    """
    atomic(_make_groups, using=using)(using)


def _make_groups(using: str) -> None:
    groups = {role.code: _group_of(role, using) for role in ROLES}
    wanted = {role.code: set(list_permissions(role)) for role in ROLES}
    apps_meant = {app for pairs in wanted.values() for app, _ in pairs}
    found = Permission.objects.using(using).filter(content_type__app_label__in=apps_meant)
    ids = {
        (app, name): pk for pk, app, name in found.values_list("pk", "content_type__app_label", "codename")
    }
    for code, group in groups.items():
        has = set(group.permissions.values_list("pk", flat=True))
        may = {ids[pair] for pair in wanted[code] if pair in ids}
        if has != may:
            group.permissions.set(may)


def _group_of(role: Role, using: str) -> Group:
    return Group.objects.using(using).get_or_create(name=role.name)[0]


def make_groups_after_migrate(*, app_config: AppConfig, using: str, **_rest: Any) -> None:
    """Make the groups once all apps have their permissions, which Django makes app by app."""
    if app_config == list(apps.get_app_configs())[-1] and apps.is_installed("django.contrib.auth"):
        make_groups(using=using)


def role_of(user: User) -> Role | None:
    """Return a person's role: that of the first of the four groups that they are in."""
    names = {group.name for group in user.groups.all()}
    return next((role for role in ROLES if role.name in names), None)


def role_in_words(user: User) -> str:
    """Return what a person is, in words."""
    role = role_of(user)
    if user.is_superuser:
        return "Superuser"
    return role.name if role else ("Own rights" if user.is_staff else "None")


def with_roles() -> Prefetch[str, Any, Any]:
    """Return what lets `role_of` ask nothing more for each user of a list."""
    return Prefetch("groups", Group.objects.filter(name__in=ROLE_NAMES))
