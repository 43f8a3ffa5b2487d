import pytest

from tests.videos.fingerprints.bans import make_ban
from tests.videos.moderation.making import (
    ADMINISTRATOR,
    CONSUMER,
    REVIEWER,
    SECOND,
    SENIOR,
    make_case,
    make_playing,
)
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.fingerprints.models import FingerprintMatch
from videos.moderation import services, states
from videos.moderation.models import Case, Decision, PurgeRequest, Report
from videos.moderation.policy import Kind
from videos.moderation.recognised import hold_recognised, reason_of
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def test_a_recognised_video_is_held_and_a_person_is_called() -> None:
    video = make_playing()
    report = hold_recognised(video_id=video.pk, match_id="mat_1")
    assert report is not None
    case = Case.objects.get()
    assert Video.objects.get(pk=video.pk).restriction == "held"
    assert (case.state, case.has_match, case.is_held, case.first_action_at) == (
        states.OPEN,
        True,
        True,
        None,
    )
    decision = Decision.objects.get()
    assert (decision.kind, decision.is_automated, decision.decided_by) == ("hold", True, "system:")
    hold_recognised(video_id=video.pk, match_id="mat_1")
    assert (Report.objects.count(), Decision.objects.count()) == (1, 1)


def test_who_looks_at_the_case_just_now_goes_on_deciding() -> None:
    video = make_playing()
    case = make_case(video)
    services.claim_case(case_id=case.pk, by=REVIEWER)
    hold_recognised(video_id=video.pk, match_id="mat_1")
    assert Video.objects.get(pk=video.pk).restriction == "held"
    services.decide(case_id=case.pk, verdict=Verdict(Kind.NO_ACTION, "hate"), by=REVIEWER)
    assert Video.objects.get(pk=video.pk).restriction == "none"


def test_a_list_that_only_flags_holds_nothing() -> None:
    video = make_playing()
    hold_recognised(video_id=video.pk, match_id="mat_1", is_held=False)
    assert Video.objects.get(pk=video.pk).restriction == "none"
    assert Case.objects.get().has_match


def test_the_reason_is_that_of_what_was_blocked() -> None:
    banned = make_playing()
    case = make_case(banned, "csam")
    services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "csam"), by=SENIOR)
    assert reason_of(banned.pk) == "csam"
    assert reason_of("vid_000000000000000000") == reason_of("") == "tos_other"


def test_a_recognised_video_that_is_gone_needs_nobody() -> None:
    assert hold_recognised(video_id="vid_000000000000000000", match_id="mat_1") is None


def test_what_its_owner_held_too_stays_held_when_the_owner_lifts_that() -> None:
    video = make_playing()
    services.restrict_own(video=video, level="held", reason="spam", note="", by=CONSUMER)
    hold_recognised(video_id=video.pk, match_id="mat_1")
    services.lift_own(video=video, note="", by=CONSUMER)
    assert Video.objects.get(pk=video.pk).restriction == "held"


def recognised_case() -> tuple[str, FingerprintMatch]:
    """Make a case of a video that was recognised: its id, and the match."""
    video = make_playing()
    match = FingerprintMatch.objects.create(
        video_id=video.pk, project_id=video.project_id, upload_id="upl_1", ban=make_ban(video.pk), kind="sha256",
        action="hold",
    )  # fmt: skip
    report = hold_recognised(video_id=video.pk, match_id=match.pk)
    assert report is not None
    return str(report.case_id), match


def test_what_people_decide_says_whether_a_match_was_right() -> None:
    (right, true), (wrong, false), (lapsed, neither) = (recognised_case() for _ in range(3))
    services.decide(case_id=right, verdict=Verdict(Kind.HOLD, "tos_other"), by=REVIEWER)
    true.refresh_from_db()
    assert true.verdict == "pending"
    block = services.decide(case_id=right, verdict=Verdict(Kind.RESTRICT, "tos_other"), by=SENIOR)
    services.decide(case_id=wrong, verdict=Verdict(Kind.NO_ACTION, "tos_other"), by=REVIEWER)
    services.decide(case_id=lapsed, verdict=Verdict(Kind.NO_ACTION, "tos_other"), by=reviewer_of_house())
    for match in (true, false, neither):
        match.refresh_from_db()
    assert [match.verdict for match in (true, false, neither)] == ["true", "false", "pending"]
    told = AuditEntry.objects.filter(verb="match.judged").order_by("id")
    assert [(entry.object_id, entry.data["verdict"]) for entry in told] == [
        (true.pk, "true"),
        (false.pk, "false"),
    ]
    services.reverse(decision_id=block.pk, explanation="", by=SENIOR)
    true.refresh_from_db()
    assert true.verdict == "false"


def test_what_is_decided_last_counts_where_a_case_was_opened_again() -> None:
    (purged, true), (let_be, false), (let_go, partly) = (recognised_case() for _ in range(3))
    services.decide(case_id=purged, verdict=Verdict(Kind.PURGE, "tos_other"), by=ADMINISTRATOR)
    services.refuse_purge(request_id=PurgeRequest.objects.get().pk, by=SECOND)
    services.decide(case_id=purged, verdict=Verdict(Kind.NO_ACTION, "tos_other"), by=REVIEWER)
    instead = {let_be: None, let_go: Verdict(Kind.RESTRICT, "tos_other")}
    for case_id, other in instead.items():
        decision = services.decide(case_id=case_id, verdict=Verdict(Kind.NO_ACTION, "tos_other"), by=REVIEWER)
        made = services.appeal(project=decision.project, decision_id=decision.pk, text="No.", by=CONSUMER)
        outcome = states.PARTLY if other else states.OVERTURNED
        services.decide_appeal(appeal_id=made.pk, outcome=outcome, answer="So.", by=SECOND, instead=other)
    services.decide(case_id=let_be, verdict=Verdict(Kind.RESTRICT, "tos_other"), by=SENIOR)
    for match, verdict, state in (
        (true, "false", states.REJECTED),
        (false, "true", states.UPHELD),
        (partly, "true", states.UPHELD),
    ):
        match.refresh_from_db()
        report = Report.objects.get(match_id=match.pk)
        assert (match.verdict, report.state) == (verdict, state)
