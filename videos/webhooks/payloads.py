"""What is told of an event: its envelope by the Standard Webhooks scheme, and in it the thing as the API shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from rest_framework.renderers import JSONRenderer

from videos.catalog.models import Video
from videos.catalog.serializers import VideoSerializer
from videos.moderation.models import Appeal, Case, Decision, Restriction
from videos.moderation.serializers import AppealSerializer, DecisionSerializer
from videos.tracks.models import TextTrack
from videos.tracks.serializers import TextTrackSerializer

MAX_BODY_BYTES = 20_000  # of the scheme: less than 20 kB
Data = dict[str, Any]
# What is left out, one after the other, of what would be too long; the API still has it.
LEAVABLE = (
    "metadata",
    "description",
    "source_cleaning",
    "facts",
    "explanation",
    "statement_of_reasons",
    "answer",
)


def write_body(event_type: str, *, at: datetime, data: Data) -> str:
    """Return the body of an event, to the letter; what makes it too long is left out, and named."""
    told = {"type": event_type, "timestamp": at, "data": data}
    body = _render(told)
    for name in LEAVABLE:
        if len(body.encode()) < MAX_BODY_BYTES:
            break
        if any(_leave_out(thing, name) for thing in _things(data)):
            data["left_out"] = [*data.get("left_out", ()), name]
            body = _render(told)
    return body


def _render(told: Mapping[str, Any]) -> str:
    return bytes(JSONRenderer().render(told)).decode()


def _things(data: Data) -> Iterable[Data]:
    return [thing for thing in data.values() if isinstance(thing, dict)]


def _leave_out(thing: Data, name: str) -> bool:
    return thing.pop(name, None) is not None


def about_video(video_id: str) -> Data | None:
    """Return a video as the API shows it; None where it is gone."""
    video = Video.objects.filter(pk=video_id).first()
    return None if video is None else {"video": dict(VideoSerializer(video).data)}


def about_upload(video_id: str) -> Data | None:
    """Return which upload brought a video's source."""
    video = Video.objects.filter(pk=video_id).first()
    if video is None:
        return None
    return {"upload_id": video.source_upload_id, "video": dict(VideoSerializer(video).data)}


def about_terms(video_id: str) -> Data | None:
    """Return a video as the API shows it, with the terms on which it may be played.

    The whole of it, so that whoever goes by the newest event loses nothing of an older one that comes later.
    """
    video = Video.objects.filter(pk=video_id).first()
    if video is None:
        return None
    return {
        "video": {
            **VideoSerializer(video).data,
            "needs_age": video.needs_age,
            "embedding_off": video.embedding_off,
            "blocked_countries": video.blocked_countries.split(),
        }
    }


def about_track(video_id: str, track_id: str) -> Data | None:
    """Return a text track as the API shows it."""
    track = TextTrack.objects.filter(pk=track_id).first()
    return None if track is None else {"video_id": video_id, "track": dict(TextTrackSerializer(track).data)}


def about_case(case: Case) -> Data:
    """Return what a case is about. Who reported what is nothing for others."""
    return {
        "case": {
            "id": case.pk,
            "subject_type": case.subject_type,
            "subject_id": case.subject_id,
            "opened_at": case.opened_at,
        }
    }


def about_decision(decision: Decision) -> Data:
    """Return a decision with its statement of reasons, as `GET /decisions/{id}` does."""
    return {"decision": dict(DecisionSerializer(decision).data)}


def about_restriction(restriction: Restriction) -> Data:
    """Return what a restriction does to whom, since when and until when."""
    return {
        "restriction": {
            "id": restriction.pk,
            "decision_id": restriction.decision_id,
            "kind": restriction.kind,
            "reason": restriction.decision.reason,
            "target_type": restriction.target_type,
            "target_id": restriction.target_id,
            "countries": list(restriction.parameters.get("countries", ())),
            "is_yours": restriction.is_consumers,
            "since": restriction.starts_at,
            "ends_at": restriction.ends_at,
            "ended_at": restriction.ended_at,
            "lifted_by": restriction.lifted_by_id,
        }
    }


def about_appeal(appeal: Appeal) -> Data:
    """Return an appeal with its answer, as `GET /appeals/{id}` does."""
    return {"appeal": dict(AppealSerializer(appeal).data)}
