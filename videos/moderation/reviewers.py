"""Who acts in moderation, and what they may do: staff by their permissions, operators all, consumers their own things."""

from __future__ import annotations

from typing import Any

from videos.access.models import ApiKey
from videos.audit.actors import SYSTEM, Actor
from videos.moderation.policy import ALL_POWERS, Power, Reviewer
from videos.moderation.trail import reviewer_id


def reviewer_of_user(user: Any) -> Reviewer:
    """Return a member of the staff with the powers that their permissions give."""
    powers = frozenset(power for power in Power if user.has_perm(f"videos.{power.value}"))
    return Reviewer(f"staff:{user.pk}", powers if user.is_active and user.is_staff else frozenset())


def reviewer_of_operator(actor: Actor) -> Reviewer:
    """Return who works at a shell of the server: may do all, but not be two people."""
    return Reviewer(reviewer_id(actor), ALL_POWERS)


def reviewer_of_key(key: ApiKey) -> Reviewer:
    """Return a consumer: what is its own needs no power, and nothing else is open to it."""
    return Reviewer(f"api_key:{key.pk}")


def reviewer_of_house() -> Reviewer:
    """Return Gilfoyle itself, which may hold and report, and decides nothing that only people may."""
    return Reviewer(reviewer_id(SYSTEM), frozenset({Power.REVIEW, Power.FREEZE}))
