from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.factories import Account, make_account
from tests.videos.moderation.making import REVIEWER, SECOND, SENIOR, make_case, make_playing
from videos.catalog.models import Video
from videos.moderation import services
from videos.moderation.models import Case, Report
from videos.moderation.policy import Kind
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db
API = "/api/v1"


@pytest.fixture
def account() -> Account:
    return make_account()


def post(account: Account, path: str, body: dict[str, Any], **headers: str) -> Any:
    return account.client().post(API + path, body, format="json", headers=headers)


def report(account: Account, video: Video, **more: Any) -> Any:
    return post(account, "/reports", {"video_id": video.pk, "reason": "hate", **more})


def test_a_report_is_taken_read_and_listed(account: Account) -> None:
    video = make_playing(account.project)
    answer = report(account, video, comment="At 0:42", at_s=42, reporter_id="u1", evidence=["x"])
    assert answer.status_code == 201
    made = answer.json()
    assert (made["video_id"], made["comment"], made["state"]) == (video.pk, "At 0:42", "open")
    assert "reporter" not in repr(made)
    client = account.client()
    assert client.get(f"{API}/reports/{made['id']}").json() == made
    assert client.get(f"{API}/reports", {"video_id": video.pk}).json()["results"] == [made]
    assert client.get(f"{API}/reports", {"state": "upheld"}).json()["results"] == []
    for wrong in ({"state": "x"}, {"video_id": "\0"}):
        assert client.get(f"{API}/reports", wrong).status_code == 400


def test_the_same_person_s_report_is_answered_with_the_one_that_is_there(account: Account) -> None:
    video = make_playing(account.project)
    first = report(account, video, reporter_id="u1")
    again = report(account, video, reporter_id="u1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] == first.json()["id"]


def test_an_idempotency_key_makes_one_report_of_two(account: Account) -> None:
    video = make_playing(account.project)
    body = {"video_id": video.pk, "reason": "hate"}
    first, again = (post(account, "/reports", body, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.content, again["Idempotent-Replayed"]) == (again.content, "true")
    assert Report.objects.count() == 1


def test_what_a_report_gets_wrong_is_said(account: Account) -> None:
    video = make_playing(account.project)
    beyond = report(account, video, at_s=61)
    assert (beyond.status_code, beyond.json()["code"]) == (422, "report_rejected")
    assert report(account, video, reason="because").status_code == 400
    theirs = report(account, make_playing())
    assert (theirs.status_code, theirs.json()["code"]) == (404, "video_not_found")


def test_a_consumer_restricts_and_lifts_its_own_video(account: Account) -> None:
    video = make_playing(account.project)
    path, client = f"{API}/videos/{video.pk}/restriction", account.client()
    assert client.get(path).json()["level"] == "none"
    held = client.put(path, {"level": "held", "reason": "hate", "note": "We look."}, format="json")
    assert (held.status_code, held.json()["level"]) == (200, "held")
    assert held.json()["restrictions"][0]["is_yours"]
    assert client.get(f"{API}/videos/{video.pk}").json()["restriction"] == "held"
    lifted = client.delete(path)
    assert (lifted.status_code, lifted.json()["level"]) == (200, "none")
    assert client.delete(path).status_code == 200


def test_what_the_operator_restricted_a_consumer_can_t_lift(account: Account) -> None:
    video = make_playing(account.project)
    case = make_case(video)
    services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    path, client = f"{API}/videos/{video.pk}/restriction", account.client()
    refused = client.delete(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "restriction_not_yours")
    client.put(path, {"level": "held", "reason": "hate"}, format="json")
    assert client.delete(path).json()["level"] == "blocked"


def test_a_page_of_decisions_costs_as_many_queries_as_one(account: Account) -> None:
    def queries(count: int) -> int:
        for _ in range(count):
            case = make_case(make_playing(account.project))
            services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
        with CaptureQueriesContext(connection) as captured:
            assert account.client().get(f"{API}/decisions").status_code == 200
        return len(captured)

    queries(1)  # the first also notes that the key was used today
    assert queries(0) == queries(4)


def test_a_decision_tells_its_reasons(account: Account) -> None:
    video = make_playing(account.project)
    case = make_case(video)
    verdict = Verdict(Kind.BLOCK, "hate", explanation="It calls for violence.", facts="Watched.")
    decision = services.decide(case_id=case.pk, verdict=verdict, by=REVIEWER)
    client = account.client()
    told = client.get(f"{API}/decisions/{decision.pk}").json()
    assert (told["kind"], told["is_active"], told["is_yours"]) == ("block", True, False)
    statement = told["statement_of_reasons"]
    assert statement["decision_visibility"] == ["DECISION_VISIBILITY_CONTENT_DISABLED"]
    assert statement["illegal_content_explanation"] == "It calls for violence."
    assert statement["puid"] == decision.pk
    assert client.get(f"{API}/decisions", {"target_id": video.pk}).json()["results"] == [told]
    # Who decided is nobody's business outside.
    assert "staff" not in repr(told)
    services.reverse(decision_id=decision.pk, explanation="", by=REVIEWER)
    after = client.get(f"{API}/decisions/{decision.pk}").json()
    assert not after["is_active"]
    assert after["superseded_by"]


def test_an_appeal_is_filed_and_answered(account: Account) -> None:
    case = make_case(make_playing(account.project))
    decision = services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=SENIOR)
    body = {"decision_id": decision.pk, "text": "Satire.", "appellant_id": "u7"}
    filed = post(account, "/appeals", body)
    assert (filed.status_code, filed.json()["state"]) == (201, "open")
    assert post(account, "/appeals", body).status_code == 409
    appeal_id = filed.json()["id"]
    services.decide_appeal(appeal_id=appeal_id, outcome="overturned", answer="Indeed.", by=SECOND)
    told = account.client().get(f"{API}/appeals/{appeal_id}").json()
    assert (told["state"], told["answer"]) == ("overturned", "Indeed.")
    assert "staff" not in repr(told)


def test_a_history_tells_what_was_done_and_nothing_of_reviewers(account: Account) -> None:
    video = make_playing(account.project)
    case = make_case(video)
    services.claim_case(case_id=case.pk, by=REVIEWER)
    services.add_note(case_id=case.pk, text="Looks bad.", by=REVIEWER)
    services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    told = account.client().get(f"{API}/videos/{video.pk}/history").json()["results"]
    assert [one["event"] for one in told] == [
        "case.decided",
        "restriction.began",
        "report.filed",
        "case.opened",
    ]
    assert told[0]["data"]["kind"] == "block"
    assert {one["by"] for one in told} == {"staff", "api_key"}
    assert set(told[0]) == {"at", "event", "by", "object_id", "data"}


def test_another_project_s_things_do_not_exist(account: Account) -> None:
    video = make_playing()
    case = make_case(video)
    decision = services.decide(case_id=case.pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    client = account.client()
    (reported,) = Report.objects.all()
    for path in (f"/reports/{reported.pk}", f"/decisions/{decision.pk}", f"/videos/{video.pk}/history"):
        assert client.get(API + path).status_code == 404
    appealed = post(account, "/appeals", {"decision_id": decision.pk, "text": "Mine?"})
    assert (appealed.status_code, appealed.json()["code"]) == (404, "decision_not_found")
    assert client.get(f"{API}/reports").json()["results"] == []
    assert client.get(f"{API}/decisions").json()["results"] == []
    assert Case.objects.get(pk=case.pk).appeals.count() == 0


def test_a_token_for_a_labelled_video_is_asked_for_with_what_it_takes(account: Account) -> None:
    video = make_playing(account.project)
    path = f"/videos/{video.pk}/playback"
    Video.objects.filter(pk=video.pk).update(needs_age=True, blocked_countries="DE FR")
    codes = []
    for body in (
        {},
        {"age_ok": True},
        {"age_ok": True, "country": "DE"},
        {"age_ok": True, "country": "de"},
        {"age_ok": True, "country": "US"},
    ):
        answer = post(account, path, body)
        codes.append((answer.status_code, answer.json().get("code")))
    assert codes == [
        (403, "age_not_confirmed"),
        (403, "country_needed"),
        (403, "video_is_restricted"),
        (400, "invalid_input"),
        (200, None),
    ]
