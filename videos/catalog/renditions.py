"""Every change of a rendition: segments that come, the end of it, stop-gaps that go, what is withheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Literal

from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog import states
from videos.catalog.models import Rendition, RenditionRun
from videos.catalog.services import count_revision_bytes, hold_video
from videos.segment_index import SegmentRun

STOPGAP_BATCH = 50


@dataclass(frozen=True, slots=True)
class RenditionFacts:
    """A rendition as its first chunk shows it."""

    name: str
    kind: Literal["video", "audio"]
    codec: str
    timescale: int
    bandwidth_cap_bps: int
    width: int | None = None
    height: int | None = None
    frame_rate: Fraction | None = None
    channels: int | None = None
    language: str = ""
    role: str = "main"
    audio_track: int = 0
    is_stopgap: bool = False
    target_duration_s: int | None = None
    run_count: int | None = None  # with so many runs it is whole


@atomic
def add_run(
    *,
    video_id: str,
    revision: str,
    facts: RenditionFacts,
    chunk_index: int,
    run: SegmentRun,
    quality: dict[str, Any] | None = None,
) -> None:
    """Add a chunk's segments to a rendition, which is made by its first; a second time replaces the first."""
    hold_video(video_id=video_id)
    rendition, _ = _get_or_make(video_id, revision, facts)
    replaced = RenditionRun.objects.filter(rendition=rendition, chunk_index=chunk_index).first()
    count_revision_bytes(video_id, revision, sum(run.sizes) - (sum(replaced.sizes) if replaced else 0))
    RenditionRun.objects.update_or_create(
        rendition=rendition,
        chunk_index=chunk_index,
        defaults={
            "first_number": run.first_number,
            "start_ticks": run.start_ticks,
            "durations": list(run.durations),
            "sizes": list(run.sizes),
            "key_frame_sizes": list(run.key_frame_sizes),
            "quality": quality or {},
        },
    )
    if rendition.runs.count() == facts.run_count:
        Rendition.objects.filter(pk=rendition.pk).update(is_complete=True)


def _get_or_make(video_id: str, revision: str, facts: RenditionFacts) -> tuple[Rendition, bool]:
    return Rendition.objects.get_or_create(
        video_id=video_id,
        revision=revision,
        name=facts.name,
        defaults={
            "kind": facts.kind,
            "codec": facts.codec,
            "width": facts.width,
            "height": facts.height,
            "frame_rate": str(facts.frame_rate) if facts.frame_rate else "",
            "channels": facts.channels,
            "language": facts.language,
            "role": facts.role,
            "audio_track": facts.audio_track,
            "timescale": facts.timescale,
            "bandwidth_cap_bps": facts.bandwidth_cap_bps,
            "is_stopgap": facts.is_stopgap,
            "target_duration_s": facts.target_duration_s,
        },
    )


@atomic
def withhold_rendition(*, video_id: str, revision: str, facts: RenditionFacts, reason: str) -> None:
    """Keep a rendition from players, and why, in words; the first reason stands."""
    hold_video(video_id=video_id)
    rendition, _ = _get_or_make(video_id, revision, facts)
    if not rendition.withheld_reason:
        rendition.withheld_reason = reason[:500]
        rendition.save(update_fields=["withheld_reason"])


@atomic
def record_quality(
    *, video_id: str, revision: str, name: str, quality: Mapping[str, Any], withheld_reason: str
) -> None:
    """Keep what the comparison with the plan found, and (not empty) why players are not told of this rendition."""
    hold_video(video_id=video_id)
    Rendition.objects.filter(video_id=video_id, revision=revision, name=name).update(
        quality=dict(quality), withheld_reason=withheld_reason[:500]
    )


@atomic
def complete_rendition(*, video_id: str, revision: str, name: str) -> None:
    """Close one rendition before its video is ready: all of its segments are there."""
    hold_video(video_id=video_id)
    Rendition.objects.filter(video_id=video_id, revision=revision, name=name).update(is_complete=True)


@atomic
def remove_rendition(*, video_id: str, revision: str, name: str) -> None:
    """Take a rendition away, with its objects once that is committed; a second time changes nothing."""
    hold_video(video_id=video_id)
    rendition = (
        Rendition.objects.select_related("video")
        .filter(video_id=video_id, revision=revision, name=name)
        .first()
    )
    if rendition is None:
        return
    sizes = rendition.runs.values_list("sizes", flat=True)
    count_revision_bytes(video_id, revision, -sum(map(sum, sizes)))
    folder = layout.rendition_folder(rendition.video.project_id, video_id, revision, name)
    rendition.delete()
    # Robust: a store that fails now costs room until the video is deleted, and nothing else.
    after_commit(storage.delete_folder, folder)


def remove_stopgaps(*, longest_play_s: float, now: datetime | None = None) -> int:
    """Remove the stop-gaps of videos that have been ready for so long that nobody plays them any more; returns how many.

    Players that began with one keep to it: they read the list of renditions once.
    """
    before = (now or timezone.now()) - timedelta(seconds=longest_play_s)
    old = Rendition.objects.filter(
        is_stopgap=True,
        video__status=states.READY,
        video__ready_at__lte=before,
        video__legal_hold=False,
    )
    rows = list(old.values_list("video_id", "revision", "name")[:STOPGAP_BATCH])
    for video_id, revision, name in rows:
        remove_rendition(video_id=video_id, revision=revision, name=name)
    return len(rows)
