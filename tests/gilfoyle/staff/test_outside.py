from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from gilfoyle.first_run import make_first_access
from gilfoyle.staff import services
from gilfoyle.staff.groups import make_groups
from gilfoyle.staff.roles import AUDITOR
from tests.admin_pages import page
from videos.audit.actors import Actor, acting_as
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
OPERATOR = Actor("operator", "op_1")
TOLD: set[int] = set()


@pytest.fixture
def at_a_shell() -> Iterator[None]:
    TOLD.clear()
    with acting_as(OPERATOR):
        yield


def told() -> list[tuple[str, str, Any]]:
    """What was recorded of accounts and groups, once."""
    entries = AuditEntry.objects.filter(verb__startswith="staff.").exclude(pk__in=TOLD).order_by("id")
    found = [(entry.verb.removeprefix("staff."), entry.object_id, entry.data) for entry in entries]
    assert {entry.actor_kind for entry in entries} <= {"operator"}
    TOLD.update(entry.pk for entry in entries)
    return found


@pytest.mark.usefixtures("at_a_shell")
def test_djangos_own_commands_are_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "long-enough-4711")
    call_command("createsuperuser", "--noinput", username="root", email="", verbosity=0)
    key = str(User.objects.get().pk)
    assert told() == [("added", key, {"is_superuser": True})]
    monkeypatch.setattr("getpass.getpass", lambda *_, **__: "another-words-4711")
    call_command("changepassword", "root")
    assert told() == [("password_set", key, {"is_usable": True})]


@pytest.mark.usefixtures("at_a_shell")
def test_what_is_done_at_a_shell_is_recorded() -> None:
    user, group = User.objects.create_user("ada"), Group.objects.create(name="Ours")
    auditors, right = Group.objects.get(name=AUDITOR), Permission.objects.get(codename="view_video")
    mine, ours = str(user.pk), str(group.pk)
    assert told() == [("added", mine, {"is_superuser": False}), ("group_added", ours, {})]
    user.is_staff = user.is_superuser = True
    user.save()
    user.save()  # nothing more
    user.username = "countess"
    user.save(update_fields=["last_login"])  # of which nothing is told, and the name is not written
    user.groups.add(auditors)
    user.groups.add(auditors)
    group.user_set.add(user)
    user.groups.remove(auditors)
    user.groups.clear()
    user.user_permissions.set([right])
    group.permissions.set([right])
    group.name = "Administrators"
    group.save()
    assert told() == [
        ("rights_changed", mine, {"fields": ["is_staff", "is_superuser"]}),
        ("rights_changed", mine, {"fields": ["groups"], "added": [auditors.pk]}),
        ("rights_changed", mine, {"fields": ["groups"], "added": [group.pk]}),
        ("rights_changed", mine, {"fields": ["groups"], "removed": [auditors.pk]}),
        ("rights_changed", mine, {"fields": ["groups"], "removed": [group.pk]}),
        ("rights_changed", mine, {"fields": ["user_permissions"], "added": [right.pk]}),
        ("group_rights_changed", ours, {"fields": ["permissions"], "added": [right.pk]}),
        ("group_rights_changed", ours, {"fields": ["name"]}),
    ]
    user.delete()
    group.delete()
    assert told() == [("deleted", mine, {}), ("group_deleted", ours, {})]


@pytest.mark.usefixtures("at_a_shell")
def test_what_tells_by_itself_is_not_told_twice() -> None:
    make_groups()
    make_first_access()
    first = str(User.objects.get().pk)
    user = services.add_staff(name="ada", role=services.get_role(code="reviewer")).user
    services.set_role(user=user, role=services.get_role(code="auditor"))
    services.deactivate(user=user)
    mine = str(user.pk)
    assert told() == [
        ("added", first, {"is_superuser": True}),
        ("added", mine, {"role": "reviewer"}),
        ("role_set", mine, {"role": "auditor"}),
        ("deactivated", mine, {}),
    ]


def test_groups_of_the_admin_are_recorded_and_accounts_once(admin_client: Client) -> None:
    right = Permission.objects.get(codename="view_video")
    admin_client.post(reverse("admin:auth_group_add"), {"name": "Ours", "permissions": [right.pk]})
    group = Group.objects.get(name="Ours")
    user = User.objects.create_user("ada", is_staff=True)
    sent = {"username": "ada", "is_active": "on", "is_staff": "on", "groups": [group.pk]}
    assert admin_client.post(page("auth_user", str(user.pk)), sent).status_code == 302
    admin_client.post(page("auth_group", str(group.pk), "delete"), {"post": "yes"})
    entries = AuditEntry.objects.filter(verb__startswith="staff.").order_by("id")
    assert [(entry.verb, entry.data) for entry in entries] == [
        ("staff.group_added", {}),
        ("staff.group_rights_changed", {"fields": ["permissions"], "added": [right.pk]}),
        ("staff.rights_changed", {"fields": ["groups"]}),
        ("staff.group_deleted", {}),
    ]
    assert {entry.actor_kind for entry in entries} == {"staff"}
