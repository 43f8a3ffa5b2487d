"""The second factor of staff: an authenticator app (TOTP), and recovery codes for when it is lost.

django-otp keeps the rows and checks the codes. Recovery codes are kept as keyed hashes, and secrets of apps not at all
(`models.StaffTotp`). How fast one may guess is a matter of `tries.py`, not of the package, whose waits have no end.
"""

from __future__ import annotations

import base64
import hmac
import re
import secrets
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import segno
from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpRequest
from django_otp.models import Device
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken

from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from gilfoyle.staff.models import StaffTotp

CODE = re.compile(r"[0-9]{6}", re.ASCII)
RECOVERY_CODE = re.compile(r"[a-z2-9]{10}", re.ASCII)
RECOVERY_CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that is taken for another
_DOMAIN = b"gilfoyle-staff-recovery-v1\0"
_IGNORED = re.compile(r"[\s-]+")


def is_required(config: Config) -> bool:
    """Tell whether staff must have a second factor; `auto`: wherever others than this machine can reach the admin."""
    wanted = config.safety.staff_two_factor
    if wanted != "auto":
        return wanted == "required"
    # A proxy on this machine may let others in, and then links begin with its address.
    return not (_is_loopback(config.server.host) and _is_loopback(urlsplit(config.public_url).hostname or ""))


@dataclass(frozen=True, slots=True)
class Standing:
    """How a signed-in person stands with the second factor."""

    has_factor: bool
    is_verified: bool
    must_make_one: bool


def standing_of(request: HttpRequest) -> Standing:
    """Return how whoever is signed in stands; looked up once a request."""
    kept: Standing | None = getattr(request, "staff_standing", None)
    if kept is None:
        user: Any = request.user
        is_verified = user.is_verified()
        has_factor = is_verified or find_device(user) is not None
        kept = Standing(has_factor, is_verified, not has_factor and is_required(settings.GILFOYLE))
        request.staff_standing = kept  # type: ignore[attr-defined]  # for the rest of this request
    return kept


def find_device(user: User) -> StaffTotp | None:
    """Return the second factor of a person, None where they have none yet."""
    found: StaffTotp | None = StaffTotp.objects.filter(user=user, confirmed=True).order_by("pk").first()
    return found


def begin_device(user: User) -> StaffTotp:
    """Return a device that is not in force yet: the one that was begun, or a new one."""
    begun = StaffTotp.objects.filter(user=user, confirmed=False).order_by("pk").first()
    device: StaffTotp = begun or StaffTotp.objects.create(
        user=user, name="Authenticator app", confirmed=False
    )
    return device


@atomic
def put_in_force(user: User, code: str) -> tuple[StaffTotp, list[str]] | None:
    """Put the device that was begun in force, in place of the one before; returns it and new recovery codes.

    None where the code is not the device's.
    """
    begun = StaffTotp.objects.select_for_update().filter(user=user, confirmed=False).order_by("pk").first()
    if begun is None or not CODE.fullmatch(_bare(code)) or not begun.verify_token(_bare(code)):
        return None
    begun.confirmed = True
    begun.save(update_fields=["confirmed"])
    StaffTotp.objects.filter(user=user).exclude(pk=begun.pk).delete()
    return begun, make_recovery_codes(user)


@atomic
def make_recovery_codes(user: User) -> list[str]:
    """Make new recovery codes in place of all before; they are returned in clear for the only time."""
    device, _is_new = StaticDevice.objects.get_or_create(user=user, defaults={"name": "Recovery codes"})
    codes = ["".join(secrets.choice(LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    StaticToken.objects.filter(device=device).delete()
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_digest(user, code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def count_recovery_codes(user: User) -> int:
    """Return how many recovery codes are left."""
    return int(StaticToken.objects.filter(device__user=user).count())


@atomic
def check_code(user: User, typed: str) -> Device | None:
    """Return the device whose code was typed, None where it is nobody's; each code is good once."""
    code = _bare(typed)
    if CODE.fullmatch(code):
        app = StaffTotp.objects.select_for_update().filter(user=user, confirmed=True).order_by("pk").first()
        return app if app is not None and app.verify_token(code) else None
    if not RECOVERY_CODE.fullmatch(code):
        return None
    kept = StaticDevice.objects.select_for_update().filter(user=user, confirmed=True).order_by("pk").first()
    return kept if kept is not None and kept.verify_token(_digest(user, code)) else None


def spend_code_of(name: str, typed: str) -> StaffTotp | None:
    """Return the app of the member of staff of this name if its code was typed, which is spent; None where it wasn't.

    No password is asked for before, so as much is done for a name that is nobody's or has no second factor; and
    nothing is written until the code is right. Recovery codes don't count. Nobody counts wrong ones, so it is no proof
    of a second factor.
    """
    code = _bare(typed)
    if not CODE.fullmatch(code):
        return None
    mine = StaffTotp.objects.filter(
        user__username=name, user__is_active=True, user__is_staff=True, confirmed=True
    )
    device: StaffTotp | None = mine.order_by("pk").first()
    looked_at = device or StaffTotp(key="00" * 20)
    shown = TOTP(looked_at.bin_key, looked_at.step, looked_at.t0, looked_at.digits, looked_at.drift)
    shown.time = time.time()
    is_right = shown.verify(int(code), looked_at.tolerance, looked_at.last_t + 1)
    if device is None or not is_right:
        return None
    spent = check_code(device.user, code)
    return spent if isinstance(spent, StaffTotp) else None


@atomic
def remove_all(user: User) -> bool:
    """Remove the second factor and the recovery codes of a person; returns whether there were any."""
    removed = [model.objects.filter(user=user).delete()[0] for model in (StaffTotp, StaticDevice)]
    return any(removed)


def list_protected() -> set[int]:
    """Return the ids of the accounts that have a second factor."""
    return set(StaffTotp.objects.filter(confirmed=True).values_list("user_id", flat=True))


def secret_in_words(device: StaffTotp) -> str:
    """Return the secret as one types it into an app."""
    text = base64.b32encode(device.bin_key).decode("ascii")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def qr_code(device: StaffTotp) -> str:
    """Return the picture that an app scans, as SVG."""
    made: str = segno.make(device.config_url, error="m").svg_inline(
        scale=4, border=3, dark="#000", light="#fff", title="The code to scan"
    )
    return made


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _bare(typed: str) -> str:
    return _IGNORED.sub("", typed[:64]).lower()


def _digest(user: User, code: str) -> str:
    """Return what is kept of a recovery code: 80 bits of a keyed hash, which is what the package's column holds."""
    text = _DOMAIN + f"{user.pk}\0{code}".encode()
    return base64.b32encode(hmac.digest(settings.GILFOYLE_ROOT_SECRET, text, "sha256")[:10]).decode("ascii")
