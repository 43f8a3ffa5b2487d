from base64 import b32decode
from typing import Any

import pytest
from django.contrib.auth.models import User

from gilfoyle.staff.models import SignInTries, StaffTotp
from gilfoyle.staff.two_factor import secret_in_words

pytestmark = pytest.mark.django_db


def test_the_row_alone_does_not_hold_the_secret(settings: Any) -> None:
    user = User.objects.create_user("root")
    device = StaffTotp.objects.create(user=user, name="App")
    secret = device.bin_key
    assert len(secret) == 20
    assert secret == b32decode(secret_in_words(device).replace(" ", ""))
    assert secret not in bytes.fromhex(device.key)
    assert StaffTotp.objects.create(user=user, name="App").bin_key != secret
    settings.GILFOYLE_ROOT_SECRET = b"another secret of the same installation"
    assert device.bin_key != secret


def test_tries_say_only_how_many(settings: Any) -> None:
    assert str(SignInTries(subject="name:1", failures=3)) == "3 in vain"
