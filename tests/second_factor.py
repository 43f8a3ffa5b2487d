"""Second factors of the tests: an app that shows codes, and accounts that have one."""

from __future__ import annotations

from django.contrib.auth.models import User
from django_otp.oath import totp

from gilfoyle.staff import two_factor
from gilfoyle.staff.models import StaffTotp


def code_of(device: StaffTotp) -> str:
    """Return what an app shows now."""
    return code_of_secret(device.bin_key)


def code_of_secret(secret: bytes) -> str:
    return f"{totp(secret):06d}"


def next_code(device: StaffTotp) -> str:
    """Return what an app shows for the next half minute, which is good already: for those who used this one."""
    return f"{totp(device.bin_key, t0=-30):06d}"


def protect(user: User) -> tuple[StaffTotp, list[str]]:
    """Give a person a second factor; returns it with its recovery codes."""
    made = two_factor.put_in_force(user, code_of(two_factor.begin_device(user)))
    assert made is not None
    return made
