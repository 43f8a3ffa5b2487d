"""A video with an object of each family, and a look through the whole store."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.judging import Finding
from gilfoyle.stores.surveying import Survey
from tests.factories import make_project, make_rendition, make_video
from videos import layout
from videos.catalog.models import ImageSet, Video
from videos.segment_index import SegmentRun
from videos.tracks.models import TextTrack
from videos.uploads.models import Upload

SOURCE, SEGMENTS, POSTER, TEXT = b"source", (b"one", b"segment"), b"poster", b"WEBVTT\n"


def make_stored(status: str = "ready", **fields: Any) -> Video:
    """Make a video and store everything that its rows name: seven objects."""
    video = make_video(status=status, source=SOURCE, **fields)
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v360")
    storage.save_bytes(layout.init_name(folder), b"init")
    for number, data in enumerate(SEGMENTS):
        storage.save_bytes(layout.segment_name(folder, number), data)
    make_rendition(video, runs=[SegmentRun(0, 0, (1, 1), tuple(map(len, SEGMENTS)))])
    images = layout.image_folder(video.project_id, video.pk, video.revision, "poster", 1)
    for suffix in ("jpg", "webp"):
        storage.save_bytes(f"{images}/poster.{suffix}", POSTER)
    ImageSet.objects.create(
        video=video,
        revision=video.revision,
        kind="poster",
        version=1,
        facts={"formats": ["jpg", "webp"]},
        size_bytes=2 * len(POSTER),
    )
    track = TextTrack.objects.create(
        video=video, source="uploaded", kind="subtitles", language="en", cue_count=0, size_bytes=len(TEXT)
    )
    storage.save_bytes(layout.track_name(video.project_id, video.pk, "", track.pk), TEXT)
    return video


def make_upload(video: Video | None = None, *, status: str = "receiving") -> Upload:
    """Make a resumable upload."""
    project = video.project if video else make_project()
    return Upload.objects.create(
        project=project,
        video=video,
        kind="resumable",
        status=status,
        lease_expires_at=timezone.now() + timedelta(hours=1),
    )


def segment_of(video: Video, number: int = 0, *, revision: str = "") -> str:
    """Return the name of a segment."""
    folder = layout.rendition_folder(video.project_id, video.pk, revision or video.revision, "v360")
    return layout.segment_name(folder, number)


def look(**options: Any) -> tuple[dict[str, str], Survey]:
    """Go through the store; returns what was found, name → kind, with the counts. No grace unless told."""
    with Inventory() as inventory:
        survey = Survey(inventory, lambda _what, _count: None, **{"grace_s": -60.0, **options})
        found: list[Finding] = list(survey.look())
    return {one.name: one.kind for one in found}, survey
