import pytest

from tests.factories import make_account
from tests.videos.moderation.making import REVIEWER, make_case, make_playing
from videos.moderation import services
from videos.moderation.policy import Kind
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db
PATH = "/api/v1/strikes"


def test_a_consumer_reads_the_strikes_of_a_creator_a_key_and_its_project() -> None:
    account = make_account()
    video = make_playing(account.project, creator_id="mallory/../x")
    decision = services.decide(case_id=make_case(video).pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    client = account.client()
    told = client.get(PATH, {"creator_id": "mallory/../x"}).json()
    assert (told["level"], told["points"], told["target_id"]) == ("good", 1, "mallory/../x")
    (strike,) = told["strikes"]
    assert (strike["video_id"], strike["decision_id"]) == (video.pk, decision.pk)
    assert (strike["reason"], strike["weight"], strike["is_counted"]) == ("hate", 1, True)
    assert client.get(PATH).json()["points"] == 1
    assert client.get(PATH, {"api_key_id": account.key.pk}).json()["strikes"] == []


def test_nobody_reads_another_project_s() -> None:
    video = make_playing(creator_id="mallory")
    services.decide(case_id=make_case(video).pk, verdict=Verdict(Kind.BLOCK, "hate"), by=REVIEWER)
    told = make_account().client().get(PATH, {"creator_id": "mallory"}).json()
    assert (told["points"], told["strikes"]) == (0, [])


def test_it_takes_the_scope_and_one_parameter() -> None:
    assert make_account(scopes=["videos:read"]).client().get(PATH).status_code == 403
    client = make_account().client()
    assert client.get(PATH, {"creator_id": "a", "api_key_id": "b"}).status_code == 400
    assert client.get(PATH, {"creator_id": "\0"}).status_code == 400
