import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gilfoyle.staff import two_factor
from tests.admin_pages import client_of, shown_messages
from tests.second_factor import code_of, next_code, protect

pytestmark = pytest.mark.django_db
PAGE = "/admin/two-factor/"
CODE = re.compile(r"\b[a-z2-9]{5}-[a-z2-9]{5}\b")
PASSWORD = "long-enough-4711"


def demand(settings: Any) -> None:
    safety = settings.GILFOYLE.safety.model_copy(update={"staff_two_factor": "required"})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


def signed_in(user: User) -> Client:
    """A client with password and code."""
    client = client_of(user)
    device = two_factor.find_device(user)
    assert device is not None
    session = client.session
    session["otp_device_id"] = device.persistent_id
    session.save()
    return client


def test_it_is_made_by_a_code_and_shows_recovery_codes_once(root: User) -> None:
    client, elsewhere = client_of(root), client_of(root)
    html = client.get(PAGE).content.decode()
    device = two_factor.begin_device(root)
    assert two_factor.secret_in_words(device) in html
    assert "<svg" in html
    wrong = client.post(PAGE, {"code": "000000"})
    assert "not the code" in wrong.content.decode()
    assert two_factor.find_device(root) is None
    made = client.post(PAGE, {"code": code_of(device)})
    assert "no-store" in made["Cache-Control"]
    assert len(CODE.findall(made.content.decode())) == 10
    html = client.get(PAGE).content.decode()
    assert "10 recovery codes are left" in html
    assert not CODE.findall(html)
    assert two_factor.secret_in_words(device) not in html
    assert elsewhere.get("/admin/").status_code == 302  # signed in by a password alone
    assert client.get("/admin/").status_code == 200


def test_where_it_is_required_nothing_else_comes_first(settings: Any, root: User) -> None:
    demand(settings)
    client = client_of(root)
    for address in ("/admin/", "/admin/videos/video/", reverse("admin:password_change"), "/admin/no/such/"):
        assert client.get(address)["Location"] == PAGE, address
    assert client.post("/admin/auth/group/add/", {"name": "Ours"})["Location"] == PAGE
    html = client.get(PAGE).content.decode()
    assert "needs one" in html
    made = client.post(PAGE, {"code": code_of(two_factor.begin_device(root))})
    assert made.status_code == 200
    assert client.get("/admin/").status_code == 200
    answer = client.post(PAGE, {"do": "off"}, follow=True)
    assert "required here" in shown_messages(answer)[0]
    assert "Switch it off" not in answer.content.decode()
    assert two_factor.find_device(root) is not None
    assert client.post(reverse("admin:logout")).status_code == 200


def test_new_recovery_codes_take_the_place_of_the_old(root: User) -> None:
    _device, old = protect(root)
    client = signed_in(root)
    html = client.post(PAGE, {"do": "codes"}).content.decode()
    new = CODE.findall(html)
    assert len(new) == 10
    assert not set(new) & set(old)
    assert two_factor.check_code(root, old[0]) is None


def test_it_is_switched_off_where_it_may_be(root: User) -> None:
    protect(root)
    client = signed_in(root)
    answer = client.post(PAGE, {"do": "off"}, follow=True)
    assert "is off" in shown_messages(answer)[0]
    assert two_factor.find_device(root) is None
    assert "Only a password protects" in client.get("/admin/").content.decode()


def test_another_app_takes_the_place_of_the_first(root: User) -> None:
    first, _codes = protect(root)
    client = signed_in(root)
    html = client.get(f"{PAGE}?new").content.decode()
    assert "Set up another app" in html
    begun = two_factor.begin_device(root)
    assert two_factor.find_device(root) == first  # until its code was seen
    client.post(PAGE, {"code": next_code(begun)})
    assert two_factor.find_device(root) == begun
    assert client.get("/admin/").status_code == 200


def test_who_has_one_is_not_reminded(root: User) -> None:
    assert "Only a password protects" in client_of(root).get("/admin/").content.decode()
    protect(root)
    assert "Only a password protects" not in signed_in(root).get("/admin/").content.decode()


def test_codes_are_guessed_slowly_here_too(root: User) -> None:
    client = client_of(root)
    client.get(PAGE)
    for _ in range(5):
        client.post(PAGE, {"code": "000000"})
    answer = client.post(PAGE, {"code": code_of(two_factor.begin_device(root))})
    assert answer.status_code == 429
    assert two_factor.find_device(root) is None
