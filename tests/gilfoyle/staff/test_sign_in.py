import re
import time
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.hashers import MD5PasswordHasher
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from gilfoyle.staff import tries, two_factor
from gilfoyle.staff.delays import FREE_TRIES, TRIES_OF_ALL
from gilfoyle.staff.models import SignInTries, StaffTotp
from gilfoyle.staff.sign_in import PENDING, PENDING_S
from tests.captured_logs import logging_as
from tests.second_factor import code_of, next_code, protect
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
LOGIN, INDEX = "/admin/login/", "/admin/"
CODE = "/admin/login/code/"
PASSWORD = "long-enough-4711"


@pytest.fixture(autouse=True)
def quick_hashes(settings: Any) -> None:
    """Hashing that takes its time is Django's matter; here it only has to be the same for all."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that were hashed, which is what takes time."""
    found: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: Any, password: str, salt: str) -> str:
        found.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    return found


def give(client: Client, name: str = "root", password: str = PASSWORD, *, to: str = LOGIN) -> Any:
    return client.post(to, {"username": name, "password": password})


def is_in(client: Client) -> bool:
    return client.get(INDEX).status_code == 200


def test_a_password_alone_opens_where_there_is_no_second_factor(root: User) -> None:
    client = Client()
    answer = give(client, to=f"{LOGIN}?next=/admin/videos/video/")
    assert answer["Location"] == "/admin/videos/video/"
    assert is_in(client)
    assert client.get(LOGIN)["Location"] == INDEX
    root.refresh_from_db()
    assert root.last_login is not None


def test_nobody_is_led_to_another_site(root: User) -> None:
    for elsewhere in ("https://evil.example/", "//evil.example/", "javascript:alert(1)"):
        client = Client()
        assert give(client, to=f"{LOGIN}?next={elsewhere}")["Location"] == INDEX
    protect(root)
    client = Client()
    answer = give(client, to=f"{LOGIN}?next=https://evil.example/")
    assert "evil" not in answer["Location"]
    device = two_factor.find_device(root)
    assert device is not None
    answer = client.post(f"{CODE}?next=https://evil.example/", {"code": next_code(device)})
    assert answer["Location"] == INDEX


def test_between_password_and_code_nobody_is_signed_in(root: User) -> None:
    device, _codes = protect(root)
    client = Client()
    answer = give(client)
    assert answer["Location"] == f"{CODE}?next=%2Fadmin%2F"
    assert SESSION_KEY not in client.session
    assert not is_in(client)
    assert client.get(CODE).status_code == 200
    wrong = client.post(CODE, {"code": "000000"})
    assert "not right" in wrong.content.decode()
    assert not is_in(client)
    answer = client.post(answer["Location"], {"code": next_code(device)})
    assert answer["Location"] == INDEX
    assert is_in(client)
    assert PENDING not in client.session


def test_who_came_in_is_recorded_with_what_was_shown_last(root: User) -> None:
    give(Client())
    device, codes = protect(root)
    for code in (next_code(device), codes[0]):
        client = Client()
        give(client)
        client.post(CODE, {"code": code})
    entries = AuditEntry.objects.filter(verb="staff.signed_in").order_by("at")
    assert [entry.data["last_proof"] for entry in entries] == ["password", "app", "recovery code"]
    assert {(entry.actor_kind, entry.actor_id) for entry in entries} == {("staff", str(root.pk))}


def test_a_recovery_code_opens_once(root: User) -> None:
    _device, codes = protect(root)
    client, later = Client(), Client()
    give(client)
    client.post(CODE, {"code": codes[0]})
    assert is_in(client)
    give(later)
    assert later.post(CODE, {"code": codes[0]}).status_code == 200
    assert not is_in(later)


def test_the_key_of_a_session_changes_with_each_step(root: User) -> None:
    device, _codes = protect(root)
    client = Client()
    client.get(LOGIN)
    keys = [client.session.session_key]
    give(client)
    keys.append(client.session.session_key)
    client.post(CODE, {"code": next_code(device)})
    keys.append(client.session.session_key)
    assert len(set(keys)) == 3


def test_a_code_without_a_password_is_for_nobody(root: User) -> None:
    device, _codes = protect(root)
    for answer in (Client().get(CODE), Client().post(CODE, {"code": code_of(device)})):
        assert answer.status_code == 302
        assert answer["Location"].startswith(LOGIN)


def test_what_holds_for_minutes_ends_with_them_with_the_password_and_with_the_account(root: User) -> None:
    device, _codes = protect(root)

    def begun() -> Client:
        client = Client()
        give(client)
        assert client.get(CODE).status_code == 200
        return client

    late, changed, shut = begun(), begun(), begun()
    session = late.session
    session[PENDING] = {**session[PENDING], "at_s": int(time.time()) - PENDING_S}
    session.save()
    assert late.post(CODE, {"code": next_code(device)})["Location"].startswith(LOGIN)
    root.is_active = False
    root.save()
    assert shut.post(CODE, {"code": next_code(device)})["Location"].startswith(LOGIN)
    root.is_active = True
    root.set_password("another-words-4711")
    root.save()
    assert changed.post(CODE, {"code": next_code(device)})["Location"].startswith(LOGIN)


def test_a_session_from_before_the_second_factor_is_worth_nothing(root: User) -> None:
    client = Client()
    client.force_login(root)
    assert is_in(client)
    protect(root)
    assert not is_in(client)


def test_guessing_is_slowed_down_and_told_with_the_time(root: User) -> None:
    client = Client()
    for _ in range(FREE_TRIES):
        assert give(client, password="wrong").status_code == 200
    for password in ("wrong", PASSWORD):  # the right one looks no different
        answer = give(client, password=password)
        assert answer.status_code == 429
        assert 25 <= int(answer["Retry-After"]) <= 30
        assert "Too many tries" in answer.content.decode()
    assert not is_in(client)
    SignInTries.objects.all().delete()
    assert give(client).status_code == 302


def test_the_owner_gets_in_while_others_guess(root: User) -> None:
    his = Client()
    give(his)
    his.post(reverse("admin:logout"))
    stranger = Client()
    for _ in range(FREE_TRIES + 1):
        answer = give(stranger, password="wrong")
    assert answer.status_code == 429
    assert give(his).status_code == 302


def test_a_code_beside_the_password_leads_to_the_next_code_whom_others_keep_waiting(
    root: User, hashed: list[str]
) -> None:
    device, codes = protect(root)
    now = timezone.now()
    full = SignInTries(subject=tries.OF_ALL, failures=TRIES_OF_ALL, since=now, last_at=now)
    full.save()
    client = Client()

    def all_three(name: str, password: str, code: str) -> Any:
        return client.post(LOGIN, {"username": name, "password": password, "code": code})

    hashed.clear()
    for name, code in (("root", ""), ("root", "000000"), ("root", codes[0]), ("nobody", code_of(device))):
        pages = set()
        for password in (PASSWORD, "wrong"):  # nothing tells which it was, nor how long it takes
            answer = all_three(name, password, code)
            assert answer.status_code == 429
            pages.add(re.sub(r'(?<=csrfmiddlewaretoken" value=")\w+', "", answer.content.decode()))
        assert len(pages) == 1
        assert 'form="login-form"' in pages.pop()
    assert not hashed
    # Who has no password uses up none of the owner's tries.
    assert set(SignInTries.objects.values_list("subject", "failures")) == {
        (tries.OF_ALL, TRIES_OF_ALL),
        *((tries.subject_of_name(answer.wsgi_request, name), 0) for name in ("root", "nobody")),
    }
    assert not AuditEntry.objects.filter(verb="staff.sign_in_failed").exists()
    code = next_code(device)
    assert all_three("root", "wrong", code).status_code == 200
    assert AuditEntry.objects.get(verb="staff.sign_in_failed").data == {"at": "password"}
    assert all_three("root", PASSWORD, code).status_code == 429  # one code, one guess
    StaffTotp.objects.update(last_t=-1)
    first, second = code_of(device), next_code(device)
    answer = all_three("root", PASSWORD, first)
    assert answer["Location"].startswith(CODE)  # it may have been guessed: wrong ones are not counted
    assert not is_in(client)
    assert "is used by now" in client.get(CODE).content.decode()
    assert client.post(CODE, {"code": first}).status_code == 200
    assert SignInTries.objects.get(subject=tries.subject_of_code(root.pk)).failures == 1
    assert not is_in(client)
    assert client.post(CODE, {"code": second}).status_code == 302
    assert is_in(client)
    assert AuditEntry.objects.get(verb="staff.signed_in").data == {"last_proof": "app"}
    mine = SignInTries.objects.get(subject=tries.subject_of_shown_code(root.pk))
    assert mine.failures == 0
    mine.failures = FREE_TRIES
    mine.save()
    StaffTotp.objects.update(last_t=-1)
    client = Client()
    assert all_three("root", PASSWORD, code).status_code == 429  # who has the app guesses slowly too


def test_codes_are_guessed_slowly_too_and_the_second_password_does_not_help(root: User) -> None:
    device, codes = protect(root)
    client = Client()
    for _ in range(FREE_TRIES):
        give(client)
        assert client.post(CODE, {"code": "wrong"}).status_code == 200
    give(client)
    for code in (next_code(device), codes[0]):
        answer = client.post(CODE, {"code": code})
        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 20
        assert not is_in(client)
    assert two_factor.count_recovery_codes(root) == 10


def test_unknown_shut_and_foreign_names_are_told_as_wrong_passwords(root: User, hashed: list[str]) -> None:
    """As to the answer and to the number of hashes, which is what takes time."""
    User.objects.create_user("shut", password=PASSWORD, is_staff=True, is_active=False)
    User.objects.create_user("viewer", password=PASSWORD)
    told = set()
    for name, password in (
        ("root", "wrong"),
        ("nobody", "wrong"),
        ("shut", PASSWORD),
        ("viewer", PASSWORD),
        ("x" * 300, "wrong"),
        ("ro\0ot", "wrong"),
    ):
        hashed.clear()
        answer = give(Client(), name, password)
        html = answer.content.decode()
        problems = [str(one) for one in answer.context["form"].non_field_errors()]
        assert name in {"x" * 300, "ro\0ot"} or len(hashed) == 1, name
        told.add((answer.status_code, tuple(problems), "Too many" in html))
    assert len(told) <= 3  # a name of 300 characters, or with a NUL, is refused by the field
    assert {status for status, _problems, _waits in told} == {200}


def test_nothing_typed_is_kept_or_logged(root: User) -> None:
    protect(root)
    client = Client()
    with logging_as(level="debug") as written:
        give(client, "my-secret-typed-as-name", "wrong-password-1")
        give(client, "root", "wrong-password-2")
        give(client)
        client.post(CODE, {"code": "abcde-fghij"})
    said = written.getvalue()
    failed = AuditEntry.objects.filter(verb="staff.sign_in_failed").order_by("at")
    assert [entry.object_id for entry in failed] == ["", str(root.pk), str(root.pk)]
    kept = str(list(SignInTries.objects.values())) + str(list(StaffTotp.objects.values()))
    kept += str(list(AuditEntry.objects.values()))
    for typed in ("my-secret", "wrong-password", "abcde-fghij", "abcdefghij", "127.0.0.1"):
        assert typed not in said
        assert typed not in kept


def test_forms_need_their_token(root: User) -> None:
    protect(root)
    strict = Client(enforce_csrf_checks=True)
    refused = give(strict)
    assert refused.status_code == 403
    assert "This form has expired" in refused.content.decode()
    client = Client()
    give(client)
    strict.cookies = client.cookies
    assert strict.post(CODE, {"code": "000000"}).status_code == 403


def test_pages_are_kept_nowhere(root: User) -> None:
    protect(root)
    client = Client()
    assert "no-store" in client.get(LOGIN)["Cache-Control"]
    give(client)
    assert "no-store" in client.get(CODE)["Cache-Control"]
