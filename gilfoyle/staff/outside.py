"""Accounts and groups that are changed by Django's own ways (createsuperuser, changepassword, a shell) are recorded too.

Django tells of each row that is saved. Where an operator acts, that is all there is; of accounts the pages of the admin
and the services tell by themselves, in better words. Not seen is what passes by the rows: `QuerySet.update`, SQL.

Django tells of a saved row after its own transaction, so outside of one the entry comes right after the deed, and not with
it: a process that is killed between the two leaves none. Groups and permissions are told within.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.contrib.auth.models import Group, User
from django.db.models import Model, QuerySet

from gilfoyle.lib.transactions import atomic
from videos.audit.actors import current_actor
from videos.audit.services import record

# The columns of which is told, and whose doings are told here.
LOOKED_AT: dict[type[Model], tuple[str, ...]] = {
    User: ("username", "password", "is_active", "is_staff", "is_superuser"),
    Group: ("name",),
}
TOLD_OF: dict[type[Model], frozenset[str]] = {
    User: frozenset({"operator"}),
    Group: frozenset({"operator", "staff"}),
}
OBJECT_TYPES: dict[type[Model], str] = {User: "staff", Group: "staff_group"}
# From a table of pairs: whose rights they are, the two columns, the field.
PAIRS: dict[type[Model], tuple[type[Model], str, str, str]] = {
    User.groups.through: (User, "user_id", "group_id", "groups"),
    User.user_permissions.through: (User, "user_id", "permission_id", "user_permissions"),
    Group.permissions.through: (Group, "group_id", "permission_id", "permissions"),
}
_is_told: ContextVar[bool] = ContextVar("gilfoyle_staff_is_told", default=False)


@contextmanager
def told_by_caller() -> Iterator[None]:
    """Let what is done within be told by the caller, in one entry of its own; a decorator, too."""
    token = _is_told.set(True)
    try:
        yield
    finally:
        _is_told.reset(token)


def look_before(*, sender: type[Model], instance: Any, **_rest: Any) -> None:
    """Keep what a row was before it is saved."""
    if _is_mine(sender):
        rows: QuerySet[Any] = QuerySet(sender).filter(pk=instance.pk)
        instance.before_saving = rows.values(*LOOKED_AT[sender]).first()


def tell_saved(
    *,
    sender: type[Model],
    instance: Any,
    created: bool,
    update_fields: frozenset[str] | None = None,
    **_rest: Any,
) -> None:
    """Record a row that was made, or what of it was changed; `update_fields`: the columns that were written, None: all."""
    if not _is_mine(sender):
        return
    before: dict[str, Any] = instance.__dict__.pop("before_saving", None) or {}
    if created:
        flags = {"is_superuser": instance.is_superuser} if sender is User else {}
        _tell(sender, "added", instance.pk, flags)
        return
    written = before.keys() if update_fields is None else before.keys() & update_fields
    changed = {name for name in written if before[name] != getattr(instance, name)}
    if "password" in changed:
        _tell(sender, "password_set", instance.pk, {"is_usable": instance.has_usable_password()})
    if fields := sorted(changed - {"password"}):
        _tell(sender, "rights_changed", instance.pk, {"fields": fields})


def tell_deleted(*, sender: type[Model], instance: Any, **_rest: Any) -> None:
    """Record a row that goes."""
    if _is_mine(sender):
        _tell(sender, "deleted", instance.pk, {})


def tell_pairs(
    *, sender: type[Model], instance: Any, action: str, reverse: bool, pk_set: set[Any] | None, **_rest: Any
) -> None:
    """Record who was put into a group or taken out, and which permissions were given or taken."""
    model, owner, other, field = PAIRS[sender]
    if action not in {"post_add", "post_remove", "pre_clear"} or not _is_mine(model):
        return
    here, there = (other, owner) if reverse else (owner, other)
    if pk_set is None:
        rows: QuerySet[Any] = QuerySet(sender).filter(**{here: instance.pk})
        pk_set = set(rows.values_list(there, flat=True))
    how = "added" if action == "post_add" else "removed"
    owners: Iterable[Any] = sorted(pk_set) if reverse else [instance.pk] if pk_set else []
    others = [instance.pk] if reverse else sorted(pk_set)
    for pk in owners:
        _tell(model, "rights_changed", pk, {"fields": [field], how: others})


def _is_mine(model: type[Model]) -> bool:
    return not _is_told.get() and current_actor().kind in TOLD_OF[model]


@atomic
def _tell(model: type[Model], what: str, pk: Any, data: dict[str, Any]) -> None:
    verb = f"staff.{what}" if model is User else f"staff.group_{what}"
    record(verb, object_type=OBJECT_TYPES[model], object_id=str(pk), data=data)
