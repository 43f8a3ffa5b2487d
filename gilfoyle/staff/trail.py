"""What is recorded of the staff's own doings, in one place. Never what was typed."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User

from gilfoyle.lib.transactions import atomic
from videos.audit.actors import Actor
from videos.audit.services import record


@atomic
def note(verb: str, *, user: User | None, by: Actor | None = None, **data: Any) -> None:
    """Record what happened to an account; None where a name is nobody's. Without `by` it is whoever acts here."""
    record(verb, object_type="staff", object_id=str(user.pk) if user else "", data=data, actor=by)


def by_themselves(user: User) -> Actor:
    """Return a member of staff as who acts."""
    return Actor("staff", str(user.pk))
