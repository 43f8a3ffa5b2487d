"""End playback before its tokens end: revoke, lift, forget."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from django.db.models import Max
from django.utils import timezone

from gilfoyle.lib.transactions import atomic
from streaming.errors import TooManyRevocations
from streaming.revocations.denials import GROUP, SESSION
from streaming.revocations.models import Revocation
from streaming.tokens.models import SigningKey
from streaming.tokens.services import TokenLimits
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.audit.services import record

CLOCK_SKEW_S = 60  # signers' clocks may go fast, and ours differ
VIEWERS = (SESSION, GROUP)
MAX_OF_VIEWERS = 10_000  # of a project at once: every web process holds them, about 3 MB
KEPT = timedelta(hours=1)  # beyond its end, so that all processes have seen that it was lifted
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What shall play no more. `issued_before_s` None: whenever the token was issued (seconds since 1970).

    `ends_at_s`: when the last token that it concerns ends, where that is known to be later than by the keys' rules.
    """

    kind: str
    subject: str
    issued_before_s: int | None = None
    ends_at_s: int = 0


@atomic
def revoke(*, project_id: str, wanted: Wanted, limits: TokenLimits, now: datetime, by: str) -> Revocation:
    """End playback in all web processes within a second. Asked for again it reaches further, never less far.

    `by` names who asked, for the log.
    Raises: TooManyRevocations: of single viewers; videos, keys and everything can always be revoked.
    """
    expires_at = now + timedelta(seconds=_longest_life_s(project_id, limits) + CLOCK_SKEW_S)
    expires_at = max(expires_at, datetime.fromtimestamp(wanted.ends_at_s, UTC))
    if wanted.kind in VIEWERS:
        _require_room(project_id, wanted, now)
    name = {"project_id": project_id, "kind": wanted.kind, "subject": wanted.subject}
    row, is_new = Revocation.objects.select_for_update().get_or_create(
        **name,
        defaults={"issued_before_s": wanted.issued_before_s, "revoked_at": now, "expires_at": expires_at},
    )
    if not is_new:
        if row.expires_at > now:
            row.issued_before_s = _further(row.issued_before_s, wanted.issued_before_s)
            row.expires_at = max(row.expires_at, expires_at)
        else:  # it was over: this is another one
            row.issued_before_s, row.expires_at = wanted.issued_before_s, expires_at
        row.revoked_at = now
        row.save()
    log.info("playback revoked", **_for_log(row), by=by)
    _note("playback.revoked", row)
    return row


def _require_room(project_id: str, wanted: Wanted, now: datetime) -> None:
    standing = Revocation.objects.filter(project_id=project_id, kind__in=VIEWERS, expires_at__gt=now)
    if (
        standing.count() < MAX_OF_VIEWERS
        or standing.filter(kind=wanted.kind, subject=wanted.subject).exists()
    ):
        return
    message = f"{MAX_OF_VIEWERS} sessions and groups of this project are revoked already."
    hint = "They end when their tokens do. Revoke a video, a signing key or everything instead."
    raise TooManyRevocations(message, hint=hint)


def _longest_life_s(project_id: str, limits: TokenLimits) -> int:
    # A session may have been begun by a token of any key, and be renewed for longer than a token lives.
    longest: int | None = SigningKey.objects.filter(project_id=project_id).aggregate(n=Max("max_ttl_s"))["n"]
    return max(limits.max_ttl_s, limits.max_session_s, longest or 0)


def _further(one_s: int | None, other_s: int | None) -> int | None:
    return None if one_s is None or other_s is None else max(one_s, other_s)


@atomic
def lift(*, revocation: Revocation, now: datetime, by: str) -> None:
    """Let the tokens count again that have not ended meanwhile, within a second."""
    # Not deleted: processes ask for what has changed.
    Revocation.objects.filter(pk=revocation.pk).update(expires_at=now, revoked_at=now)
    log.info("playback revocation lifted", **_for_log(revocation), by=by)
    _note("playback.revocation_lifted", revocation)


def forget_revocations() -> int:
    """Delete what can concern no token any more; return how many."""
    return Revocation.objects.filter(expires_at__lt=timezone.now() - KEPT).delete()[0]


def _note(verb: str, row: Revocation) -> None:
    if row.project_id in INTERNAL_PROJECT_IDS:
        return
    told = _for_log(row)
    record(
        verb,
        object_type=f"{row.kind}",
        object_id=f"{told['subject']}",
        project_id=row.project_id,
        data={"revocation": row.pk, "issued_before_s": row.issued_before_s},
    )


def _for_log(row: Revocation) -> dict[str, str | int | None]:
    is_viewer = row.kind in VIEWERS  # of a viewer the log has a hash, as everywhere
    subject = hashlib.sha256(bytes.fromhex(row.subject)).hexdigest()[:8] if is_viewer else row.subject
    return {
        "kind": row.kind,
        "subject": subject,
        "project_id": row.project_id,
        "issued_before_s": row.issued_before_s,
    }
