"""When somebody signed in here, and when they last gave their password: what a session knows of it."""

from __future__ import annotations

import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest

SIGNED_IN_AT = "staff_signed_in_at_s"
CONFIRMED_AT = "staff_confirmed_at_s"


def note_sign_in(*, request: HttpRequest, **_rest: Any) -> None:
    """Note that somebody has just signed in; Django tells of every way to do so."""
    request.session[SIGNED_IN_AT] = request.session[CONFIRMED_AT] = int(time.time())


def note_confirmed(request: HttpRequest) -> None:
    """Note that whoever is signed in has just shown once more who they are."""
    request.session[CONFIRMED_AT] = int(time.time())


def is_over(request: HttpRequest) -> bool:
    """Tell whether it is as long since the sign-in as a session lasts, however much was done meanwhile."""
    return _age_s(request, SIGNED_IN_AT) >= settings.SESSION_COOKIE_AGE


def is_fresh(request: HttpRequest, *, within_s: int) -> bool:
    """Tell whether the password was given no longer ago than this."""
    return _age_s(request, CONFIRMED_AT) < within_s


def _age_s(request: HttpRequest, name: str) -> float:
    """Return how long ago that was; a moment to come counts as never, as does none."""
    at = request.session.get(name)
    age_s = time.time() - at if isinstance(at, int) else -1.0
    return age_s if age_s >= -1 and isinstance(at, int) else float("inf")
