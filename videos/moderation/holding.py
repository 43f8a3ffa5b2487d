"""Videos held by the house itself: recognised, or by a rule, or because of strikes. A person decides what becomes of it."""

from __future__ import annotations

from datetime import datetime

from videos.moderation import states
from videos.moderation.cases import rescore
from videos.moderation.deciding import Verdict, leave_of_decision, write_decision
from videos.moderation.locking import locked_case
from videos.moderation.models import Case, Decision
from videos.moderation.policy import Kind
from videos.moderation.restricting import active_of
from videos.moderation.reviewers import reviewer_of_house


def hold_of_house(
    *, case_id: str, reason: str, explanation: str, channel: str, ends_at: datetime | None = None
) -> Decision | None:
    """Hold the video of a case, whoever looks at that just now: they go on deciding. None where it is held already."""
    case, by = locked_case(case_id), reviewer_of_house()
    if _is_held_by_others(case) or case.state not in states.DECIDABLE:
        return None
    verdict = Verdict(Kind.HOLD, reason, explanation=explanation, ends_at=ends_at)
    decision = write_decision(case, verdict, by=by, channel=channel)
    leave_of_decision(decision, case, by=by)
    case.refresh_from_db(fields=["is_held"])
    rescore(case)
    return decision


def _is_held_by_others(case: Case) -> bool:
    """Tell whether a video stays held whatever its owner lifts, and whatever lapses."""
    active = active_of(project_id=case.project_id, target_type=case.subject_type, target_id=case.subject_id)
    return active.filter(
        is_consumers=False, ends_at=None, kind__in=(Kind.HOLD, Kind.BLOCK, Kind.PURGE)
    ).exists()
