from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gilfoyle.staff import own_password
from gilfoyle.staff.delays import FREE_TRIES
from tests.admin_pages import client_of
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
PASSWORD, NEW = "long-enough-4711", "another-words-4711"


@pytest.fixture
def root(settings: Any) -> User:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return User.objects.create_superuser("root", password=PASSWORD)


def give(client: Client, old: str, new: str = NEW) -> Any:
    sent = {"old_password": old, "new_password1": new, "new_password2": new}
    return client.post(reverse("admin:password_change"), sent)


def recorded() -> list[tuple[str, str, str]]:
    entries = AuditEntry.objects.filter(verb__startswith="staff.password").order_by("id")
    return [(entry.verb, entry.object_id, entry.actor_id) for entry in entries]


def test_a_new_password_and_a_wrong_old_one_are_recorded(root: User) -> None:
    client, elsewhere = client_of(root), client_of(root)
    assert give(client, "wrong").status_code == 200
    assert give(client, PASSWORD, "short").status_code == 200  # nobody's guess
    assert give(client, PASSWORD).status_code == 302
    me = str(root.pk)
    assert recorded() == [("staff.password_change_failed", me, me), ("staff.password_changed", me, me)]
    root.refresh_from_db()
    assert root.check_password(NEW)
    assert client.get(reverse("admin:index")).status_code == 200
    assert elsewhere.get(reverse("admin:index")).status_code == 302


def test_the_old_password_is_not_guessed_here(root: User) -> None:
    client = client_of(root)
    for _ in range(FREE_TRIES):
        assert give(client, "wrong").status_code == 200
    answer = give(client, PASSWORD)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 20
    assert "Too many tries" in answer.content.decode()
    root.refresh_from_db()
    assert root.check_password(PASSWORD)


def test_a_password_that_can_t_be_recorded_stays(root: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: Any, **_data: Any) -> None:
        raise ArithmeticError

    monkeypatch.setattr(own_password, "note", full)
    with pytest.raises(ArithmeticError):
        give(client_of(root), PASSWORD)
    root.refresh_from_db()
    assert root.check_password(PASSWORD)
