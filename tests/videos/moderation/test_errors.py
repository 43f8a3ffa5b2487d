import pytest

from gilfoyle.lib.errors import Refusal
from videos.moderation import errors


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.ReportNotFound, 404, "report_not_found"),
        (errors.CaseNotFound, 404, "case_not_found"),
        (errors.DecisionNotFound, 404, "decision_not_found"),
        (errors.AppealNotFound, 404, "appeal_not_found"),
        (errors.ReportRejected, 422, "report_rejected"),
        (errors.TooManyReports, 429, "too_many_reports"),
        (errors.CaseTaken, 409, "case_taken"),
        (errors.CaseChanged, 409, "case_changed"),
        (errors.DecisionNotAllowed, 422, "decision_not_allowed"),
        (errors.DecisionNotReversible, 409, "decision_not_reversible"),
        (errors.PowerMissing, 403, "power_missing"),
        (errors.SecondPersonNeeded, 403, "second_person_needed"),
        (errors.RestrictionNotYours, 403, "restriction_not_yours"),
        (errors.AppealNotPossible, 409, "appeal_not_possible"),
    ],
)
def test_codes_and_statuses_that_clients_rely_on(error: type[Refusal], status: int, code: str) -> None:
    assert (error.http_status, error.code) == (status, code)
