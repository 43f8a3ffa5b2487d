"""Who acts: a member of staff, an API key, an operator at a shell, or Gilfoyle itself. Ids alone, never names.

Set at the edges (the admin's middleware, authentication of the API, manage.py), read where a deed is recorded.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal

Kind = Literal["staff", "api_key", "operator", "system"]
KINDS: tuple[Kind, ...] = ("staff", "api_key", "operator", "system")
_PSEUDONYM = b"gilfoyle-audit-operator-v1\0"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. The id of staff is that of the account, of `system` the part of Gilfoyle."""

    kind: Kind
    id: str = ""


SYSTEM = Actor("system")
_current: ContextVar[Actor | None] = ContextVar("gilfoyle_actor", default=None)
# Threads begin without the context of the one that starts them, so what a whole process is stands beside it.
_of_process: list[Actor] = [SYSTEM]


def current_actor() -> Actor:
    """Return who acts here and now."""
    return _current.get() or _of_process[0]


def set_actor(actor: Actor) -> None:
    """Say who acts until the surrounding `acting_as` ends."""
    _current.set(actor)


def set_process_actor(actor: Actor) -> None:
    """Say who acts in this process wherever nobody else is named."""
    _of_process[0] = actor


@contextmanager
def acting_as(actor: Actor | None) -> Iterator[None]:
    """Let an actor act within; None: whoever the process is."""
    token = _current.set(actor)
    try:
        yield
    finally:
        _current.reset(token)


def operator_of(system_user: str, *, root_secret: bytes) -> Actor:
    """Return the operator behind an account of the machine, under a pseudonym that the root secret alone leads to."""
    digest = hmac.digest(root_secret, _PSEUDONYM + system_user.encode("utf-8", "replace"), hashlib.sha256)
    return Actor("operator", f"op_{digest.hex()[:12]}")
