"""Removes the sessions of administrators that are over; Django leaves them until it is told."""

from __future__ import annotations

from datetime import datetime

from django.contrib.sessions.models import Session
from django.utils import timezone


def forget_sessions(*, now: datetime | None = None) -> int:
    """Remove the sessions that have expired; returns how many."""
    over = Session.objects.filter(expire_date__lt=now or timezone.now())
    return over.delete()[0] if over.exists() else 0
