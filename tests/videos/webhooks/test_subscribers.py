from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import transaction

from gilfoyle.lib.events import publish
from tests.factories import make_project, make_video
from tests.videos.moderation.making import ADMINISTRATOR, CONSUMER, SECOND, make_case, make_playing
from tests.videos.webhooks.receiving import make_endpoint
from videos.access.models import Project
from videos.catalog import services as catalog
from videos.events import VideoReady, VideoUploaded
from videos.moderation import services as moderation
from videos.moderation.deciding import Verdict
from videos.moderation.policy import Kind
from videos.tracks.models import TextTrack
from videos.tracks.services import remove_track
from videos.webhooks.models import Delivery

pytestmark = pytest.mark.django_db


@pytest.fixture
def project() -> Project:
    project = make_project()
    make_endpoint(project)
    make_endpoint(make_project())  # a stranger's hears nothing of all that
    return project


def told(project: Project) -> list[tuple[str, dict[str, Any]]]:
    """What was told since the last time."""
    made = Delivery.objects.order_by("created_at")
    found = [(one.event_type, json.loads(one.body)["data"]) for one in made]
    assert {one.project_id for one in made} <= {project.pk}
    made.delete()
    return found


def test_the_life_of_a_video_is_told(project: Project) -> None:
    video = make_video(project, status="processing", title="Party")
    catalog.mark_playable(video_id=video.pk)
    catalog.mark_playable(video_id=video.pk)
    catalog.mark_ready(video_id=video.pk)
    catalog.delete_video(video=video)
    heard = told(project)
    assert [name for name, _ in heard] == ["video.playable", "video.ready", "video.deleted"]
    playable, ready, deleted = (data["video"] for _, data in heard)
    assert (playable["playable"], playable["status"], playable["title"]) == (True, "processing", "Party")
    assert (ready["status"], ready["progress"]) == ("ready", 100)
    assert deleted == {"id": video.pk}


def test_an_upload_is_told_with_its_id(project: Project) -> None:
    video = make_video(project, status="processing", source_upload_id="upl_1")
    with transaction.atomic():
        publish(VideoUploaded(video.pk))
    (event,) = [one for one in told(project) if one[0] == "upload.finished"]
    assert (event[1]["upload_id"], event[1]["video"]["id"]) == ("upl_1", video.pk)


def test_why_a_video_failed_is_told(project: Project) -> None:
    video = make_video(project, status="processing")
    catalog.mark_failed(video_id=video.pk, code="no_video", message="There is no picture in it.")
    ((name, data),) = told(project)
    assert name == "video.failed"
    assert data["video"]["failure"] == {"code": "no_video", "message": "There is no picture in it."}


def test_tracks_are_told_when_they_come_and_go(project: Project) -> None:
    video = make_video(project)
    track = TextTrack.objects.create(
        video=video, source="uploaded", kind="subtitles", language="de", label="D", cue_count=1, size_bytes=1
    )
    remove_track(track=track)
    assert told(project) == [("track.removed", {"video_id": video.pk, "track": {"id": track.pk}})]


def test_a_case_is_told_from_its_opening_to_its_decision_and_what_that_restricts(project: Project) -> None:
    video = make_playing(project)
    case = make_case(video, reporter="somebody", comment="I saw my neighbour in it.")
    ((name, data),) = told(project)
    assert name == "case.opened"
    assert data["case"]["id"] == case.pk
    verdict = Verdict(Kind.BLOCK, "hate", explanation="It calls for violence.", facts="From 0:42.")
    decision = moderation.decide(case_id=case.pk, verdict=verdict, by=ADMINISTRATOR)
    heard = told(project)
    assert [name for name, _ in heard] == ["restriction.began", "video.restriction_changed", "case.decided"]
    assert heard[0][1]["restriction"]["decision_id"] == decision.pk
    assert heard[1][1]["video"]["restriction"] == "blocked"
    shown = heard[2][1]["decision"]
    assert (shown["id"], shown["kind"], shown["is_active"]) == (decision.pk, "block", True)
    assert shown["statement_of_reasons"]["decision_facts"] == "From 0:42."
    assert "neighbour" not in json.dumps(heard)
    assert "somebody" not in json.dumps(heard)
    made = moderation.appeal(
        project=project, decision_id=decision.pk, text="Satire.", appellant="user-7", by=CONSUMER
    )
    moderation.decide_appeal(appeal_id=made.pk, outcome="upheld", answer="It is none.", by=SECOND)
    ((name, data),) = [one for one in told(project) if one[0] == "appeal.decided"]
    assert (data["appeal"]["state"], data["appeal"]["answer"]) == ("upheld", "It is none.")


def test_what_a_consumer_restricts_itself_is_told_as_a_restriction_and_as_no_case(project: Project) -> None:
    video = make_playing(project)
    moderation.restrict_own(video=video, level="held", reason="hate", note="", by=CONSUMER)
    moderation.lift_own(video=video, note="", by=CONSUMER)
    names = [name for name, _ in told(project)]
    assert "case.decided" not in names
    assert [name for name in names if name.startswith("restriction")] == [
        "restriction.began",
        "restriction.ended",
    ]


def test_of_a_video_that_is_gone_nothing_is_told(project: Project) -> None:
    with transaction.atomic():
        publish(VideoReady("vid_gone"))
    assert told(project) == []
