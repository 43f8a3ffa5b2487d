"""What can go wrong in moderation, in the words of who asked."""

from __future__ import annotations

from gilfoyle.lib.errors import Conflict, InvalidInput, NotAllowed, NotFound, TooMany


class ReportNotFound(NotFound):
    code = "report_not_found"


class CaseNotFound(NotFound):
    code = "case_not_found"


class DecisionNotFound(NotFound):
    code = "decision_not_found"


class AppealNotFound(NotFound):
    code = "appeal_not_found"


class RequestNotFound(NotFound):
    """No such request for a second person."""

    code = "second_request_not_found"


class ReportRejected(InvalidInput):
    """The report says something that can't be of this video."""

    code = "report_rejected"


class TooManyReports(TooMany):
    """A video, or a project, has had as many reports by the public as are taken in an hour."""

    code = "too_many_reports"
    retry_after_s = 3600


class CaseTaken(Conflict):
    """Somebody else is looking at the case."""

    code = "case_taken"


class CaseChanged(Conflict):
    """The case is not what it was when it was looked at."""

    code = "case_changed"


class CasesDiffer(Conflict):
    """Two cases that can't be merged."""

    code = "cases_differ"


class DecisionNotAllowed(InvalidInput):
    """Not of this subject, or not for this reason."""

    code = "decision_not_allowed"


class DecisionNotReversible(Conflict):
    """There is nothing (any more) that could be taken back."""

    code = "decision_not_reversible"


class PowerMissing(NotAllowed):
    """Others may do this."""

    code = "power_missing"


class SecondPersonNeeded(NotAllowed):
    """Who began it can't be the one who agrees."""

    code = "second_person_needed"


class RestrictionNotYours(NotAllowed):
    """The operator of the server restricted it, and can lift that alone."""

    code = "restriction_not_yours"


class AppealNotPossible(Conflict):
    code = "appeal_not_possible"
