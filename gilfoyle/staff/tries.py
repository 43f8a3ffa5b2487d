"""Slows down guessing: passwords of a name, codes of an account, names in a row.

A try is counted before it is looked at, under the locks of its rows, so that a hundred at once are no more than a
hundred after one another. Nothing typed is kept: a name is counted as a keyed hash, whether it is anybody's or not, and
no address is looked at. A browser that has signed in under a name before counts by itself, so that others'
guesses never keep the owner out; `manage.py staff let_in` makes a new one known, and a code of the app in place of that
lets one try the password at once (`sign_in.py`).
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from gilfoyle.lib.ids import random_text
from gilfoyle.lib.transactions import atomic
from gilfoyle.staff.delays import FORGOTTEN_S, WINDOW_OF_ALL_S, is_forgotten, left_of_all_s, left_s
from gilfoyle.staff.models import SignInTries

_DOMAIN = b"gilfoyle-staff-name-v1\0"
OF_ALL = "all"
KNOWN_SALT = "gilfoyle.staff.known"
KNOWN_AGE_S = 90 * 24 * 3600
INTRODUCTION_SALT = "gilfoyle.staff.let_in"
INTRODUCTION_AGE_S = 15 * 60


def subject_of_name(request: HttpRequest, name: str) -> str:
    """Return what a try to sign in is counted as: the name, or this browser where it has signed in under it before."""
    digest = _digest(name)
    known = _known_browser(request)
    return f"known:{known[0]}" if known is not None and known[1] == digest else f"name:{digest}"


def subject_of_code(user_id: Any) -> str:
    """Return what a try at the codes of an account is counted as; only who knows its password gets so far."""
    return f"code:{user_id}"


def subject_of_confirming(user_id: Any) -> str:
    """Return what a try to confirm by password is counted as; only who is signed in gets so far."""
    return f"confirm:{user_id}"


def subject_of_shown_code(user_id: Any) -> str:
    """Return what a password beside a right code is counted as; only who holds the app gets so far."""
    return f"shown:{user_id}"


@atomic
def begin_try(subject: str) -> int:
    """Count a try in advance and return 0, or the seconds to wait, with nothing counted."""
    rows = _locked(_subjects(subject))
    now = timezone.now()  # only now: the locks may have been waited for
    wait_s = max(_left_s(row, now) for row in rows)
    if wait_s:
        return wait_s
    for row in rows:
        row.failures += 1
        row.last_at = now
        row.save(update_fields=["failures", "since", "last_at"])
    return 0


@atomic
def forgive(subject: str) -> None:
    """Take back what was counted, once a try was good."""
    rows = _locked(_subjects(subject))
    for row in rows:
        row.failures = max(0, row.failures - 1) if row.subject == OF_ALL else 0
        row.save(update_fields=["failures"])


def remember_browser(request: HttpRequest, response: HttpResponse, name: str) -> None:
    """Let this browser be known by the name that signed in here."""
    known = _known_browser(request)
    _keep(
        response,
        known if known is not None and known[1] == _digest(name) else (random_text(22), _digest(name)),
    )


def make_introduction(name: str) -> str:
    """Return what makes a browser known by a name that nobody signed in by there yet; good for some minutes.

    It opens nothing. However many browsers it is shown to, their tries are counted together.
    """
    return signing.dumps([random_text(22), _digest(name)], salt=INTRODUCTION_SALT)


def introduce_browser(response: HttpResponse, introduction: str) -> None:
    """Let a browser be known by what `make_introduction` made; one that is none, or too old, changes nothing."""
    known = _read(introduction, salt=INTRODUCTION_SALT, max_age_s=INTRODUCTION_AGE_S)
    if known is not None:
        _keep(response, known)


def _keep(response: HttpResponse, known: tuple[str, str]) -> None:
    response.set_cookie(
        settings.STAFF_KNOWN_COOKIE,
        signing.dumps(list(known), salt=KNOWN_SALT),
        max_age=KNOWN_AGE_S,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def forget_tries(*, now: datetime | None = None) -> int:
    """Remove what is too long ago to count; returns how many rows."""
    old = SignInTries.objects.filter(last_at__lt=(now or timezone.now()) - timedelta(seconds=FORGOTTEN_S))
    return old.delete()[0] if old.exists() else 0


def _digest(name: str) -> str:
    typed = _DOMAIN + name.strip().casefold().encode("utf-8", "surrogatepass")
    return hmac.digest(settings.GILFOYLE_ROOT_SECRET, typed, "sha256").hex()[:32]


def _known_browser(request: HttpRequest) -> tuple[str, str] | None:
    cookie = request.COOKIES.get(settings.STAFF_KNOWN_COOKIE, "")
    return _read(cookie, salt=KNOWN_SALT, max_age_s=KNOWN_AGE_S)


def _read(signed: str, *, salt: str, max_age_s: int) -> tuple[str, str] | None:
    try:
        number, digest = signing.loads(signed, salt=salt, max_age=max_age_s)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return str(number), str(digest)


def _subjects(subject: str) -> list[str]:
    return sorted([subject, OF_ALL] if subject.startswith("name:") else [subject])


def _left_s(row: SignInTries, now: datetime) -> int:
    """Return the wait that is left of a row; one whose time is over begins anew."""
    idle_s, age_s = (now - row.last_at).total_seconds(), (now - row.since).total_seconds()
    is_over = age_s >= WINDOW_OF_ALL_S if row.subject == OF_ALL else is_forgotten(idle_s)
    if is_over:
        row.failures, row.since = 0, now
    return left_of_all_s(row.failures, age_s) if row.subject == OF_ALL else left_s(row.failures, idle_s)


def _locked(subjects: Iterable[str]) -> list[SignInTries]:
    """Lock the subjects' rows, always in one order, and make those that are missing."""
    wanted = list(subjects)
    mine = SignInTries.objects.select_for_update().filter(subject__in=wanted).order_by("subject")
    rows = list(mine)
    if len(rows) < len(wanted):
        now = timezone.now()
        new = [SignInTries(subject=subject, since=now, last_at=now) for subject in wanted]
        SignInTries.objects.bulk_create(new, ignore_conflicts=True)
        rows = list(mine.all())  # asked again
    return rows
