"""That somebody looked at a case is itself recorded."""

from __future__ import annotations

from gilfoyle.lib.transactions import atomic
from videos.moderation.case_search import get_case
from videos.moderation.models import Case
from videos.moderation.policy import Power, Reviewer, require_powers
from videos.moderation.trail import leave_of_case


@atomic
def view_case(*, case_id: str, by: Reviewer) -> Case:
    """Return a case to who will look at all of it.

    Raises: CaseNotFound, PowerMissing.
    """
    require_powers(by, frozenset({Power.REVIEW}))
    case = get_case(case_id=case_id, by=by)
    leave_of_case("case.viewed", case, by=by)
    return case
