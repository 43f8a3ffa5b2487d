from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from gilfoyle.staff import admin as staff_admin
from gilfoyle.staff.services import add_staff, get_role
from tests.admin_pages import client_of, list_of, page, shown_messages
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
PASSWORD = "long-enough-4711"


def member(name: str, role: str = "administrator") -> User:
    return add_staff(name=name, role=get_role(code=role)).user


def form_of(user: User, **changed: Any) -> dict[str, Any]:
    """What the page of a user posts."""
    given: dict[str, Any] = {
        "username": user.username,
        "first_name": "",
        "last_name": "",
        "email": "",
        "is_active": "on",
        "is_staff": "on",
        "groups": [str(group.pk) for group in user.groups.all()],
    }
    if user.is_superuser:
        given["is_superuser"] = "on"
    return {name: value for name, value in {**given, **changed}.items() if value is not None}


def test_a_new_account_is_of_staff_and_has_the_role_that_was_chosen(admin_client: Client) -> None:
    given = {
        "username": "colleague",
        "usable_password": "true",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    without_role = admin_client.post(reverse("admin:auth_user_add"), given)
    assert "This field is required." in without_role.content.decode()
    response = admin_client.post(reverse("admin:auth_user_add"), {**given, "role": "reviewer"})
    assert response.status_code == 302
    user = User.objects.get(username="colleague")
    assert user.check_password(PASSWORD)
    assert (user.is_staff, user.is_superuser) == (True, False)
    assert [group.name for group in user.groups.all()] == ["Reviewer"]
    html = admin_client.get(page("auth_user", str(user.pk))).content.decode()
    assert "A password is set." in html
    assert "Reviewer" in admin_client.get(list_of("auth_user")).content.decode()


def test_an_administrator_makes_nobody_a_superuser_and_touches_none() -> None:
    root = User.objects.create_superuser("root", password=PASSWORD)
    boss = member("boss")
    client = client_of(boss)
    extra = {"is_superuser": "on", "user_permissions": ["1"]}
    assert client.post(page("auth_user", str(boss.pk)), form_of(boss, **extra)).status_code == 302
    boss.refresh_from_db()
    assert not boss.is_superuser
    assert not boss.user_permissions.exists()
    assert client.post(page("auth_user", str(root.pk)), form_of(root)).status_code == 403
    assert client.post(page("auth_user", str(root.pk), "delete"), {"post": "yes"}).status_code == 403
    new = {"usable_password": "true", "password1": "other-words-4711", "password2": "other-words-4711"}
    address = reverse("admin:auth_user_password_change", args=[root.pk])
    assert client.post(address, new).status_code == 403
    chosen = {"action": "delete_selected", "_selected_action": [str(root.pk)], "post": "yes"}
    client.post(list_of("auth_user"), chosen)
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_the_last_administrator_stays(admin_client: Client) -> None:
    root = User.objects.get(is_superuser=True)
    address = page("auth_user", str(root.pk))
    for refused in (
        admin_client.post(address, form_of(root, is_active=None), follow=True),
        admin_client.post(address, form_of(root, is_superuser=None), follow=True),
        admin_client.post(page("auth_user", str(root.pk), "delete"), {"post": "yes"}, follow=True),
        admin_client.post(
            list_of("auth_user"),
            {"action": "delete_selected", "_selected_action": [str(root.pk)], "post": "yes"},
            follow=True,
        ),
    ):
        assert "Nobody would be left" in " ".join(shown_messages(refused))
    root.refresh_from_db()
    assert (root.is_active, root.is_superuser) == (True, True)
    member("boss")
    admin_client.post(page("auth_user", str(root.pk), "delete"), {"post": "yes"})
    assert not User.objects.filter(pk=root.pk).exists()


def test_who_is_shut_or_loses_a_role_is_signed_out_everywhere(admin_client: Client) -> None:
    user = member("reviewer", "reviewer")
    his = client_of(user)
    assert his.get(reverse("admin:index")).status_code == 200
    mine = Session.objects.count()
    address = page("auth_user", str(user.pk))
    auditors = str(Group.objects.get(name="Auditor").pk)
    assert admin_client.post(address, form_of(user, first_name="Only")).status_code == 302
    assert Session.objects.count() == mine
    assert admin_client.post(address, form_of(user, groups=[auditors])).status_code == 302
    recorded = AuditEntry.objects.get(verb="staff.rights_changed")
    assert (recorded.object_id, recorded.data) == (str(user.pk), {"fields": ["groups"]})
    assert Session.objects.count() == mine - 1
    assert his.get(reverse("admin:index")).status_code == 302
    his = client_of(user)
    assert admin_client.post(address, form_of(user, is_active=None)).status_code == 302
    assert his.get(reverse("admin:index")).status_code == 302
    assert admin_client.get(reverse("admin:index")).status_code == 200


def test_passwords_and_deletions_are_recorded(admin_client: Client, monkeypatch: Any) -> None:
    def refuse(*_args: Any, **_data: Any) -> None:
        raise ArithmeticError

    user = member("reviewer", "reviewer")
    address = reverse("admin:auth_user_password_change", args=[user.pk])
    given = {"usable_password": "true", "password1": "short", "password2": "short"}
    admin_client.post(address, given)
    assert not AuditEntry.objects.filter(verb="staff.password_set").exists()
    admin_client.post(address, {**given, "password1": PASSWORD, "password2": PASSWORD})
    entry = AuditEntry.objects.get(verb="staff.password_set")
    assert (entry.object_id, entry.actor_kind, entry.data) == (str(user.pk), "staff", {"is_usable": True})
    user.refresh_from_db()
    kept = user.password
    monkeypatch.setattr(staff_admin, "note", refuse)  # what can't be recorded is not done
    with pytest.raises(ArithmeticError):
        admin_client.post(
            address, {**given, "password1": "other-4711-words", "password2": "other-4711-words"}
        )
    user.refresh_from_db()
    assert user.password == kept
    monkeypatch.undo()
    admin_client.post(page("auth_user", str(user.pk), "delete"), {"post": "yes"})
    deleted = AuditEntry.objects.get(verb="staff.deleted")
    assert (deleted.object_id, deleted.actor_kind) == (str(user.pk), "staff")


def test_the_four_roles_are_looked_at_and_other_groups_changed(admin_client: Client) -> None:
    role, own = Group.objects.get(name="Reviewer"), Group.objects.create(name="Ours")
    given = {"name": "Renamed", "permissions": []}
    assert admin_client.get(page("auth_group", str(role.pk))).status_code == 200
    assert admin_client.post(page("auth_group", str(role.pk)), given).status_code == 403
    assert admin_client.post(page("auth_group", str(role.pk), "delete"), {"post": "yes"}).status_code == 403
    assert admin_client.post(page("auth_group", str(own.pk)), given).status_code == 302
    role.refresh_from_db()
    assert role.name == "Reviewer"
