import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.urls import reverse

from gilfoyle.staff import services
from gilfoyle.staff.errors import LastAdministrator, NameTaken, NameUnusable, RoleUnknown, StaffNotFound
from gilfoyle.staff.groups import role_of
from gilfoyle.staff.roles import Role
from tests.admin_pages import client_of
from tests.second_factor import protect
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def role(code: str) -> Role:
    return services.get_role(code=code)


def test_a_new_account_has_its_role_and_a_password_of_its_own() -> None:
    first = services.add_staff(name="first", role=role("reviewer"))
    second = services.add_staff(name="second", role=role("auditor"))
    assert first.password != second.password
    assert first.user.check_password(first.password)
    assert (first.user.is_staff, first.user.is_superuser) == (True, False)
    assert role_of(first.user) == role("reviewer")
    assert [user.username for user in services.list_staff()] == ["first", "second"]


@pytest.mark.parametrize("name", ["", "two words", "a\nb", "x" * 151, "<script>"])
def test_unusable_names_make_no_account(name: str) -> None:
    with pytest.raises(NameUnusable):
        services.add_staff(name=name, role=role("reviewer"))
    assert not User.objects.exists()


def test_a_name_is_there_once() -> None:
    services.add_staff(name="first", role=role("reviewer"))
    with pytest.raises(NameTaken):
        services.add_staff(name="first", role=role("administrator"))


def test_a_person_has_one_role_and_is_signed_out_with_the_old_one() -> None:
    services.add_staff(name="boss", role=role("administrator"))
    user = services.add_staff(name="first", role=role("administrator")).user
    client, other = client_of(user), client_of(services.get_staff(name="boss"))
    services.set_role(user=user, role=role("auditor"))
    assert [group.name for group in user.groups.all()] == ["Auditor"]
    assert client.get(reverse("admin:index")).status_code == 302
    assert other.get(reverse("admin:index")).status_code == 200


def test_a_superuser_that_gets_a_role_is_none_any_more() -> None:
    services.add_staff(name="boss", role=role("administrator"))
    root = User.objects.create_superuser("root")
    services.set_role(user=root, role=role("auditor"))
    root.refresh_from_db()
    assert not root.is_superuser


def test_a_shut_account_is_out_at_once() -> None:
    services.add_staff(name="boss", role=role("administrator"))
    user = services.add_staff(name="first", role=role("reviewer")).user
    client = client_of(user)
    services.deactivate(user=user)
    assert client.get(reverse("admin:index")).status_code == 302
    assert Session.objects.count() == 0


def test_somebody_must_be_left_who_looks_after_the_staff() -> None:
    boss = services.add_staff(name="boss", role=role("administrator")).user
    services.add_staff(name="first", role=role("reviewer"))
    with pytest.raises(LastAdministrator):
        services.deactivate(user=boss)
    with pytest.raises(LastAdministrator):
        services.set_role(user=boss, role=role("senior_reviewer"))
    boss.refresh_from_db()
    assert boss.is_active
    assert role_of(boss) == role("administrator")


def test_what_is_not_there_is_told() -> None:
    User.objects.create_user("viewer")
    with pytest.raises(StaffNotFound):
        services.get_staff(name="viewer")
    with pytest.raises(RoleUnknown) as refused:
        role("king")
    assert "senior_reviewer" in refused.value.hint


def test_all_of_it_is_recorded() -> None:
    services.add_staff(name="boss", role=role("administrator"))
    user = services.add_staff(name="first", role=role("reviewer")).user
    services.set_role(user=user, role=role("auditor"))
    protect(user)
    assert services.reset_two_factor(user=user)
    services.deactivate(user=user)
    about = AuditEntry.objects.filter(object_type="staff", object_id=str(user.pk)).order_by("id")
    assert [entry.verb for entry in about] == [
        "staff.added",
        "staff.role_set",
        "staff.two_factor_reset",
        "staff.deactivated",
    ]
    assert "first" not in str(list(AuditEntry.objects.values()))


def test_sessions_end_but_one() -> None:
    user = services.add_staff(name="first", role=role("reviewer")).user
    kept, _lost = client_of(user), client_of(user)
    assert services.end_sessions(user=user, but=kept.session.session_key) == 1
    assert kept.get(reverse("admin:index")).status_code == 200
