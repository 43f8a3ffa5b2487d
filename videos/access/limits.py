"""What a project and a key may use: their own numbers, else those of the settings. Decides nothing more."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from gilfoyle.lib.limit_settings import LimitSettings


@dataclass(frozen=True, slots=True)
class Limits:
    """None: without limit."""

    max_stored_bytes: int | None = None
    max_minutes_a_month: int | None = None
    max_uploads_at_once: int | None = None
    max_encodes_at_once: int | None = None
    max_requests_a_minute: int | None = None


NAMES = tuple(one.name for one in fields(Limits))
OF_KEYS = ("max_stored_bytes", "max_uploads_at_once", "max_requests_a_minute")


def limits_of_project(project: Any, defaults: LimitSettings) -> Limits:
    """Return what a project may use."""
    return Limits(**{name: effective(getattr(project, name), int(getattr(defaults, name))) for name in NAMES})


def limits_of_key(key: Any, defaults: LimitSettings) -> Limits:
    """Return what a key may use of its project's limits."""
    own = {name: effective(getattr(key, name), 0) for name in OF_KEYS}
    own["max_requests_a_minute"] = effective(key.max_requests_a_minute, defaults.max_key_requests_a_minute)
    return Limits(**own)


def effective(own: int | None, default: int) -> int | None:
    """Return a limit as it holds: a row's own number, else the default; 0 is none at all."""
    return (default if own is None else own) or None
