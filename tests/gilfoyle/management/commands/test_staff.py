from io import StringIO

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from gilfoyle.staff import tries
from gilfoyle.staff.delays import FREE_TRIES, TRIES_OF_ALL
from gilfoyle.staff.models import SignInTries
from gilfoyle.staff.two_factor import find_device
from tests.admin_pages import client_of
from tests.second_factor import protect
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    out = StringIO()
    call_command("staff", *words, stdout=out, stderr=out)
    return out.getvalue()


def refused(*words: str) -> str:
    out = StringIO()
    with pytest.raises(SystemExit) as end:
        call_command("staff", *words, stdout=out, stderr=out)
    assert end.value.code == 1
    return out.getvalue()


def test_accounts_are_made_listed_and_shut() -> None:
    run("add", "boss", "--role", "administrator")
    name, password = run("add", "first", "--role", "reviewer").splitlines()[0].split()
    assert User.objects.get(username=name).check_password(password)
    assert run("set_role", "first", "senior_reviewer").startswith("first: Senior reviewer.")
    protect(User.objects.get(username="boss"))
    assert run("deactivate", "first") == "first is shut.\n"
    assert run("list").splitlines() == [
        "NAME   ROLE             SECOND FACTOR  LAST SIGN-IN",
        "boss   Administrator    yes            never",
        "first  Senior reviewer  no             never         shut",
    ]


def test_a_new_browser_is_let_in_while_others_guess() -> None:
    User.objects.create_user("boss", is_staff=True)
    address = run("let_in", "boss").splitlines()[0].removeprefix(settings.GILFOYLE.public_url)
    assert AuditEntry.objects.filter(verb="staff.let_in").count() == 1
    now = timezone.now()
    SignInTries.objects.create(subject=tries.OF_ALL, failures=TRIES_OF_ALL, since=now, last_at=now)
    given = {"username": "boss", "password": "wrong"}
    for path, status in (("/admin/login/let-in/forged/", 429), (address, 200)):
        client = Client()
        assert client.get(path)["Location"] == "/admin/login/"
        assert client.post("/admin/login/", given).status_code == status
    assert client.post("/admin/login/", {**given, "username": "other"}).status_code == 429
    statuses = []
    for _ in range(FREE_TRIES):  # a further browser has no further tries
        client = Client()
        client.get(address)
        statuses.append(client.post("/admin/login/", given).status_code)
    assert statuses == [200] * (FREE_TRIES - 1) + [429]


def test_a_lost_phone_is_helped_with() -> None:
    run("add", "boss", "--role", "administrator")
    user = User.objects.get(username="boss")
    protect(user)
    client = client_of(user)
    assert "no second factor any more" in run("reset_two_factor", "boss")
    assert find_device(user) is None
    assert client.get("/admin/").status_code == 302
    assert "had no second factor" in run("reset_two_factor", "boss")


def test_what_can_t_be_is_told_in_a_line() -> None:
    run("add", "boss", "--role", "administrator")
    assert "no role 'king'" in refused("add", "first", "--role", "king")
    assert "already" in refused("add", "boss", "--role", "reviewer")
    assert "no account of staff called 'x'" in refused("deactivate", "x")
    assert "Nobody would be left" in refused("deactivate", "boss")
