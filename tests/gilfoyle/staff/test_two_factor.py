import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django_otp.plugins.otp_static.models import StaticToken
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.config import Config
from gilfoyle.staff import two_factor
from gilfoyle.staff.models import StaffTotp
from tests.second_factor import code_of, protect
from tests.threads import run_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return User.objects.create_user("root", is_staff=True)


def test_a_device_counts_once_its_code_was_seen(user: User) -> None:
    begun = two_factor.begin_device(user)
    assert two_factor.begin_device(user).pk == begun.pk  # a page that is loaded again shows the same
    assert two_factor.find_device(user) is None
    assert two_factor.check_code(user, code_of(begun)) is None
    assert two_factor.put_in_force(user, "000000" if code_of(begun) != "000000" else "111111") is None
    made = two_factor.put_in_force(user, code_of(begun))
    assert made is not None
    device, codes = made
    assert two_factor.find_device(user) == device == begun
    assert len(set(codes)) == two_factor.count_recovery_codes(user) == 10
    assert two_factor.list_protected() == {user.pk}


def test_a_code_is_good_once(user: User) -> None:
    device, _codes = protect(user)
    StaffTotp.objects.update(last_t=-1)
    code = code_of(device)
    assert two_factor.check_code(user, f" {code[:3]} {code[3:]} ") == device
    assert two_factor.check_code(user, code) is None


def test_a_code_of_another_person_is_none_of_mine(user: User) -> None:
    protect(user)
    device, codes = protect(User.objects.create_user("other"))
    StaffTotp.objects.update(last_t=-1)
    assert two_factor.check_code(user, code_of(device)) is None
    assert two_factor.check_code(user, codes[0]) is None


def test_recovery_codes_are_good_once_each_and_kept_nowhere(user: User) -> None:
    _device, codes = protect(user)
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert not {code.replace("-", "") for code in codes} & kept
    assert not kept & set(codes)
    assert two_factor.check_code(user, codes[0]) is not None
    assert two_factor.check_code(user, codes[0]) is None
    assert two_factor.check_code(user, codes[1].upper().replace("-", " ")) is not None
    assert two_factor.count_recovery_codes(user) == 8
    for token in kept:  # what the database holds opens nothing
        assert two_factor.check_code(user, token) is None
    new = two_factor.make_recovery_codes(user)
    assert two_factor.check_code(user, codes[2]) is None
    assert two_factor.check_code(user, new[0]) is not None


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_is_good_once_however_many_send_it() -> None:
    user = User.objects.create_user("root", is_staff=True)
    _device, codes = protect(user)
    found = run_at_once([lambda: two_factor.check_code(user, codes[0]) for _ in range(8)])
    assert len([one for one in found if one is not None]) == 1


def test_another_app_takes_the_place_of_the_first(user: User) -> None:
    first, codes = protect(user)
    second, new = protect(user)
    assert two_factor.find_device(user) == second
    assert not StaffTotp.objects.filter(pk=first.pk).exists()
    assert not set(codes) & set(new)


def test_all_of_it_goes(user: User) -> None:
    protect(user)
    assert two_factor.remove_all(user)
    assert two_factor.find_device(user) is None
    assert two_factor.count_recovery_codes(user) == 0
    assert not two_factor.remove_all(user)


@given(typed=st.text(max_size=80))
def test_no_text_is_a_code_by_accident(typed: str) -> None:
    user = User.objects.get_or_create(username="root")[0]
    assert two_factor.check_code(user, typed) is None


def test_what_an_app_scans_is_what_one_can_type(user: User) -> None:
    device = two_factor.begin_device(user)
    secret = two_factor.secret_in_words(device).replace(" ", "")
    assert f"secret={secret}" in device.config_url
    assert device.config_url.startswith("otpauth://totp/Gilfoyle%3Aroot?")
    picture = two_factor.qr_code(device)
    assert picture.startswith("<svg")
    assert not re.search(r"<script|href|on\w+=", picture)


@pytest.mark.parametrize(
    ("server", "wanted", "is_required"),
    [
        ({}, "auto", False),
        ({"host": "::1"}, "auto", False),
        ({"host": "localhost", "public_url": "http://localhost:9"}, "auto", False),
        ({"host": "0.0.0.0"}, "auto", True),  # noqa: S104 - a value to read
        ({"public_url": "https://video.example.com"}, "auto", True),
        ({"host": "192.168.1.2"}, "auto", True),
        ({"host": "box"}, "auto", True),
        ({"host": "0.0.0.0"}, "optional", False),  # noqa: S104 - a value to read
        ({}, "required", True),
    ],
)
def test_it_is_required_where_others_can_reach_the_admin(
    server: dict[str, Any], wanted: str, is_required: bool
) -> None:
    config = Config.model_validate({"server": server, "safety": {"staff_two_factor": wanted}})
    assert two_factor.is_required(config) is is_required
