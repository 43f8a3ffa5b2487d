"""Bodies of events, to the letter: what clients may rely on. `data` is what the API's own serializers give."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.utils import timezone

from tests.embedded import ROOT
from tests.factories import make_project, make_video
from tests.house.pages import all_of, block
from tests.videos.moderation.making import make_case
from tests.videos.webhooks.receiving import make_endpoint
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.moderation.models import Appeal, Decision, Restriction
from videos.tracks.models import TextTrack
from videos.webhooks import payloads
from videos.webhooks.event_types import EVENT_TYPES
from videos.webhooks.models import Delivery
from videos.webhooks.payloads import MAX_BODY_BYTES, write_body

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 2, 11, 123456, tzinfo=UTC)
GOLDEN = ROOT / "tests/golden/webhooks"
VIDEO = "vid_3kTmvU1qQx0aZpLr7e"


def golden_video(**fields: Any) -> Video:
    video = make_video(
        pk=VIDEO,
        status="ready",
        title="Zażółć 🎬 </script>",
        metadata={"album": "2026"},
        external_id="post-4711",
        creator_id="user-17",
        duration_s=93.44,
        width=1920,
        height=1080,
        frame_rate="30000/1001",
        **fields,
    )
    times = dict.fromkeys(("created_at", "updated_at", "uploaded_at", "playable_at", "ready_at"), AT)
    Video.objects.filter(pk=video.pk).update(**times)
    return Video.objects.get(pk=video.pk)


def golden_decision() -> Decision:
    video = golden_video()
    case = make_case(video)
    return Decision.objects.create(
        pk="dec_4mYc1ZrE8uHx6PqG2n",
        project=video.project,
        case=case,
        kind="block",
        target_type="video",
        target_id=video.pk,
        reason="hate",
        ground_reference="Section 130 of the criminal code",
        explanation="It calls for violence against a minority.",
        facts="A reviewer watched the video from 0:42 to 1:10.",
        channel="staff",
        decided_by="staff:1",
        content_date=date(2026, 11, 19),
        created_at=AT,
    )


def upload() -> Any:
    golden_video(source_upload_id="upl_7bQf5KsD9wJv3TxL0m")
    return payloads.about_upload(VIDEO)


def ready() -> Any:
    golden_video()
    return payloads.about_video(VIDEO)


def failed() -> Any:
    video = golden_video(
        failure_code="source_truncated", failure_message="The file is incomplete: its end is missing."
    )
    undone = {"progress": 0, "playable": False, "playable_at": None, "ready_at": None}
    Video.objects.filter(pk=video.pk).update(status="failed", **undone)
    return payloads.about_video(VIDEO)


def terms() -> Any:
    golden_video(restriction="blocked", needs_age=True, blocked_countries="AT DE")
    return payloads.about_terms(VIDEO)


def track() -> Any:
    made = TextTrack.objects.create(
        pk="trk_5WqLnB2cYt8RkXvJ0a",
        video=golden_video(),
        source="uploaded",
        kind="subtitles",
        language="de",
        label="Deutsch",
        cue_count=412,
        size_bytes=31877,
        created_at=AT,
    )
    return payloads.about_track(VIDEO, made.pk)


def case() -> Any:
    found = golden_decision().case
    assert found is not None
    found.opened_at = AT
    return payloads.about_case(found)


def decision() -> Any:
    return payloads.about_decision(golden_decision())


def restriction() -> Any:
    made = golden_decision()
    return payloads.about_restriction(
        Restriction(
            pk="rst_6hWd8NpF3sVg5JtB0k",
            project=made.project,
            decision=made,
            kind="geo_block",
            target_type="video",
            target_id=VIDEO,
            parameters={"countries": ["AT"], "was_suspended": False},
            starts_at=AT,
        )
    )


def appeal() -> Any:
    return payloads.about_appeal(
        Appeal(
            pk="apl_7bQf5KsD9wJv3TxL0m",
            decision=golden_decision(),
            state="overturned",
            answer="It is satire.",
            filed_by="hash of somebody",
            sealed_text=b"why",
            filed_at=AT,
            due_at=AT,
            reviewed_at=AT,
        )
    )


MADE: dict[str, Callable[[], Any]] = {
    "upload.finished": upload,
    "video.ready": ready,
    "video.failed": failed,
    "video.restriction_changed": terms,
    "track.added": track,
    "case.opened": case,
    "case.decided": decision,
    "restriction.began": restriction,
    "appeal.decided": appeal,
}


@pytest.mark.parametrize("event_type", MADE)
def test_a_body_is_as_it_was(event_type: str) -> None:
    body = write_body(event_type, at=AT, data=MADE[event_type]())
    body = re.sub(r"case_[0-9A-Za-z]{17}", "case_11111111111111111", body)
    path = GOLDEN / f"{event_type}.json"
    told = json.loads(body)
    assert told == json.loads(path.read_text(encoding="utf-8"))
    assert list(told) == ["type", "timestamp", "data"]
    assert len(body.encode()) < MAX_BODY_BYTES


def test_each_body_is_shown_in_the_docs() -> None:
    text = (ROOT / "docs/webhook-bodies.md").read_text(encoding="utf-8")
    shown = {json.loads(code.text)["type"]: code for code in all_of("docs/webhook-bodies.md#*/json")}
    assert {name: json.loads(code.text) for name, code in shown.items()} == {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in GOLDEN.glob("*.json")
    }
    assert all(f"#{name.replace('.', '')}/" in code.address for name, code in shown.items())
    assert {name for name in EVENT_TYPES if f"## {name}\n" not in text and f"`{name}`" not in text} == set()


def test_of_a_deleted_video_its_id_is_told() -> None:
    video = golden_video()
    make_endpoint(project=video.project)
    delete_video(video=video)
    told = json.loads(Delivery.objects.get().body)
    shown = json.loads(block("docs/webhooks.md#events/json").text)
    assert told | {"timestamp": shown["timestamp"]} == shown
    assert (
        datetime.fromisoformat(told["timestamp"]).tzinfo == datetime.fromisoformat(shown["timestamp"]).tzinfo
    )


def test_nothing_of_who_reported_or_appealed_is_in_a_body() -> None:
    for name in ("case.opened", "case.decided", "appeal.decided"):
        text = (GOLDEN / f"{name}.json").read_text(encoding="utf-8")
        assert not re.search(r"reporter|comment|evidence|filed_by|decided_by|appellant|staff:1|why", text), (
            name
        )


def test_what_is_too_long_is_left_out_and_named() -> None:
    metadata = {f"key{number}": "ä" * 100 for number in range(75)}
    video = make_video(make_project(), metadata=metadata, description="🎬" * 5000)
    body = write_body("video.ready", at=timezone.now(), data=payloads.about_video(video.pk) or {})
    told = json.loads(body)["data"]
    assert len(body.encode()) < MAX_BODY_BYTES
    assert told["left_out"] == ["metadata", "description"]
    assert told["video"]["id"] == video.pk
    assert not {"metadata", "description"} & told["video"].keys()


def test_the_longest_decision_fits() -> None:
    made = golden_decision()
    made.facts, made.explanation = "🎬" * 5000, "🎬" * 5000
    body = write_body("case.decided", at=AT, data=payloads.about_decision(made))
    assert len(body.encode()) < MAX_BODY_BYTES
    assert json.loads(body)["data"]["left_out"] == ["facts", "explanation", "statement_of_reasons"]


def test_of_what_is_gone_there_is_nothing_to_tell() -> None:
    assert payloads.about_video("vid_x") is None
    assert payloads.about_upload("vid_x") is None
    assert payloads.about_terms("vid_x") is None
    assert payloads.about_track("vid_x", "trk_x") is None
