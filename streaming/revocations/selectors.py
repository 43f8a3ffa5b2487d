"""Reads of revocations."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from gilfoyle.lib.ids import is_id
from streaming.errors import RevocationNotFound
from streaming.revocations.denials import Denial
from streaming.revocations.models import Revocation


def list_denials(within_s: float | None = None) -> list[Denial]:
    """Return all that can still concern a token, or what was revoked or lifted in the last `within_s` seconds."""
    now = timezone.now()
    rows = Revocation.objects.order_by()
    if within_s is None:
        rows = rows.filter(expires_at__gt=now)
    else:
        rows = rows.filter(revoked_at__gte=now - timedelta(seconds=within_s))
    fields = rows.values_list("project_id", "kind", "subject", "issued_before_s", "expires_at")
    return [
        Denial(project_id, kind, subject, issued_before_s, expires_at <= now)
        for project_id, kind, subject, issued_before_s, expires_at in fields
    ]


def list_revocations(project_id: str) -> QuerySet[Revocation]:
    """Return what a project has revoked and can still concern a token."""
    return Revocation.objects.filter(project_id=project_id, expires_at__gt=timezone.now())


def get_revocation(*, project_id: str, revocation_id: str) -> Revocation:
    """Return one of a project's revocations.

    Raises: RevocationNotFound, also for another project's id.
    """
    found = list_revocations(project_id).filter(pk=revocation_id).first() if is_id(revocation_id) else None
    if found is None:
        message = "There is no such revocation."
        raise RevocationNotFound(message)
    return found
