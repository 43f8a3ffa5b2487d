from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from tests.factories import make_project
from tests.videos.moderation.making import (
    ADMINISTRATOR,
    CONSUMER,
    REVIEWER,
    SECOND,
    SENIOR,
    make_case,
    make_playing,
)
from videos.catalog.models import Video
from videos.moderation import services, states
from videos.moderation.errors import (
    AppealNotFound,
    AppealNotPossible,
    DecisionNotFound,
    PowerMissing,
    SecondPersonNeeded,
)
from videos.moderation.models import Appeal, Case, Decision, LiftRequest
from videos.moderation.policy import ALL_POWERS, Kind, Reviewer
from videos.moderation.selectors import text_of_appeal
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def appealed(kind: Kind = Kind.BLOCK, reason: str = "hate") -> tuple[Video, Appeal]:
    video = make_playing()
    case = make_case(video, reason)
    decision = services.decide(case_id=case.pk, verdict=Verdict(kind, reason), by=SENIOR)
    made = services.appeal(project=video.project, decision_id=decision.pk, text="It is satire.", by=CONSUMER)
    return video, made


def answer(made: Appeal, outcome: str, by: Reviewer = SECOND, instead: Verdict | None = None) -> Appeal:
    return services.decide_appeal(
        appeal_id=made.pk, outcome=outcome, answer="We looked again.", by=by, instead=instead
    )


def level_of(video: Video) -> str:
    return Video.objects.values_list("restriction", flat=True).get(pk=video.pk)


def test_an_appeal_brings_the_case_back_with_its_words_sealed() -> None:
    _, made = appealed()
    assert Case.objects.get(pk=made.case_id).state == states.APPEALED
    assert text_of_appeal(made) == "It is satire."
    assert b"satire" not in bytes(made.sealed_text)
    assert made.due_at > timezone.now() + timedelta(days=6)


def test_upheld_nothing_changes() -> None:
    video, made = appealed()
    answer(made, "upheld")
    assert level_of(video) == "blocked"
    assert Case.objects.get(pk=made.case_id).state == states.CLOSED


def test_overturned_the_restriction_ends() -> None:
    video, made = appealed()
    answer(made, "overturned")
    assert level_of(video) == "none"
    assert Decision.objects.filter(supersedes=made.decision, kind=Kind.LIFT).exists()


def test_partly_overturned_something_milder_takes_its_place() -> None:
    video, made = appealed()
    answer(made, "partly", instead=Verdict(Kind.AGE_LABEL, "hate"))
    row = Video.objects.get(pk=video.pk)
    assert (row.restriction, row.needs_age) == ("none", True)
    for kind in (Kind.PURGE, Kind.NO_ACTION):
        _, made = appealed()
        with pytest.raises(InvalidInput):
            answer(made, "partly", instead=Verdict(kind, "hate"))


def test_what_was_let_be_is_looked_at_again() -> None:
    _, made = appealed(Kind.NO_ACTION)
    answer(made, "overturned")
    assert Case.objects.get(pk=made.case_id).state == states.OPEN


def test_of_what_is_severe_an_overturned_appeal_still_takes_a_third_person() -> None:
    video, made = appealed(reason="csam")
    answer(made, "overturned")
    assert level_of(video) == "blocked"
    request = LiftRequest.objects.get()
    services.approve_lift(request_id=request.pk, by=ADMINISTRATOR)
    assert level_of(video) == "none"


@pytest.mark.parametrize(
    ("by", "refusal"),
    [
        (Reviewer(SENIOR.actor, ALL_POWERS), SecondPersonNeeded),
        (Reviewer("system:", ALL_POWERS), SecondPersonNeeded),
        (CONSUMER, PowerMissing),
        (REVIEWER, PowerMissing),
    ],
)
def test_neither_who_decided_nor_a_machine_answers(by: Reviewer, refusal: type[Exception]) -> None:
    _, made = appealed()
    with pytest.raises(refusal):
        answer(made, "overturned", by=by)


@pytest.mark.parametrize("reviewer", ["staff:2", "system:", "api_key:key_1"])
def test_the_database_refuses_such_an_answer_too(reviewer: str) -> None:
    _, made = appealed()
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.filter(pk=made.pk).update(reviewed_by=reviewer, state=states.APPEAL_UPHELD)


def test_an_appeal_is_filed_once_in_time_and_by_its_own_project() -> None:
    video, made = appealed()
    decision_id = made.decision_id
    for text in ("", " ", "x" * 3001):
        with pytest.raises(InvalidInput):
            services.appeal(project=video.project, decision_id=decision_id, text=text, by=CONSUMER)
    with pytest.raises(AppealNotPossible, match="already"):
        services.appeal(project=video.project, decision_id=decision_id, text="Again.", by=CONSUMER)
    with pytest.raises(DecisionNotFound):
        services.appeal(project=make_project(), decision_id=decision_id, text="Ours?", by=CONSUMER)
    old = make_case()
    decision = services.decide(case_id=old.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=SENIOR)
    with connection.cursor() as cursor:  # decisions themselves do not change
        cursor.execute(
            "UPDATE videos_decision SET created_at = %s WHERE id = %s",
            [timezone.now() - timedelta(days=185), decision.pk],
        )
    with pytest.raises(AppealNotPossible, match="too old"):
        services.appeal(project=old.project, decision_id=decision.pk, text="Late.", by=CONSUMER)


def test_against_one_s_own_decision_there_is_no_appeal() -> None:
    video = make_playing()
    own = services.restrict_own(video=video, level="held", reason="hate", note="", by=CONSUMER)
    with pytest.raises(AppealNotPossible):
        services.appeal(project=video.project, decision_id=own.pk, text="Why?", by=CONSUMER)


def test_an_answer_is_given_once_and_with_words() -> None:
    _, made = appealed()
    with pytest.raises(InvalidInput):
        services.decide_appeal(appeal_id=made.pk, outcome="upheld", answer=" ", by=SECOND)
    with pytest.raises(InvalidInput):
        answer(made, "perhaps")
    with pytest.raises(InvalidInput):
        answer(made, "partly")
    answer(made, "upheld")
    with pytest.raises(AppealNotPossible):
        answer(made, "overturned")
    with pytest.raises(AppealNotFound):
        services.decide_appeal(appeal_id="apl_1", outcome="upheld", answer="x", by=SECOND)


def test_a_case_closes_into_the_appeals_that_wait() -> None:
    """What is answered last closes it: an appeal in no queue is answered by nobody."""
    video = make_playing()
    case = make_case(video)
    until = timezone.now() + timedelta(days=2)
    hold = services.decide(case_id=case.pk, verdict=Verdict(Kind.HOLD, "hate"), by=SENIOR)
    services.snooze_case(case_id=case.pk, until=until, by=REVIEWER)

    def appeal(decision: Decision) -> Appeal:
        return services.appeal(project=video.project, decision_id=decision.pk, text="Why?", by=CONSUMER)

    def state() -> str:
        return Case.objects.values_list("state", flat=True).get(pk=case.pk)

    first = appeal(hold)
    assert state() == states.OPEN  # what was set aside is there again
    block = services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=SENIOR)
    assert state() == states.APPEALED
    assert Case.objects.get(pk=case.pk).due_at == first.due_at
    second = appeal(block)
    answer(first, "upheld")
    assert state() == states.APPEALED
    answer(second, "upheld")
    assert state() == states.CLOSED
