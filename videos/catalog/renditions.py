"""Every change of a rendition: segments that come, the end of it, stop-gaps that go, what is withheld."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any, Literal

from django.db.models import Count
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.transactions import atomic
from videos import layout
from videos.catalog import states
from videos.catalog.models import Rendition, RenditionRun, Video
from videos.catalog.services import count_revision_bytes, hold_video
from videos.segment_index import SegmentRun

STOPGAP_BATCH = 50
RUN_FIELDS = ("first_number", "start_ticks", "durations", "sizes", "key_frame_sizes", "quality")


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


@dataclass(frozen=True, slots=True)
class Addition:
    """The segments that a chunk adds to a rendition; `quality`: what a sample of them showed."""

    facts: RenditionFacts
    chunk_index: int
    run: SegmentRun
    quality: Mapping[str, Any] = field(default_factory=dict)


def add_run(
    *,
    video_id: str,
    revision: str,
    facts: RenditionFacts,
    chunk_index: int,
    run: SegmentRun,
    quality: Mapping[str, Any] | None = None,
) -> None:
    """Add a chunk's segments to one rendition, as `add_runs` does."""
    added = (Addition(facts, chunk_index, run, quality or {}),)
    add_runs(video_id=video_id, revision=revision, added=added)


@atomic
def add_runs(*, video_id: str, revision: str, added: Sequence[Addition]) -> None:
    """Add segments to renditions, which are made by their first; a second time replaces the first.

    By as many queries for all sizes of a chunk as for one: the video is locked, and no other step of it ends meanwhile.
    """
    hold_video(video_id=video_id)
    made = _get_or_make_all(video_id, revision, [one.facts for one in added])
    ours = {(made[one.facts.name].pk, one.chunk_index): one for one in added}
    runs = RenditionRun.objects.filter(rendition__in=made.values())
    replaced = runs.filter(chunk_index__in={one.chunk_index for one in added})
    freed_bytes = sum(sum(old.sizes) for old in replaced if (old.rendition_id, old.chunk_index) in ours)
    count_revision_bytes(video_id, revision, sum(sum(one.run.sizes) for one in added) - freed_bytes)
    RenditionRun.objects.bulk_create(
        [_row(rendition_id, one) for (rendition_id, _), one in ours.items()],
        update_conflicts=True,
        unique_fields=["rendition", "chunk_index"],
        update_fields=RUN_FIELDS,
    )
    _forget_grown(made.values(), {one.run.first_number for one in added})
    wanted = {made[one.facts.name].pk: one.facts.run_count for one in added}
    counts = runs.order_by().values_list("rendition").annotate(count=Count("pk"))
    whole = [rendition_id for rendition_id, count in counts if count == wanted[rendition_id]]
    if whole:
        Rendition.objects.filter(pk__in=whole).update(is_complete=True)


@atomic
def grow_runs(*, video_id: str, revision: str, growing: Sequence[tuple[RenditionFacts, SegmentRun]]) -> None:
    """Tell players of the segments that there are of a chunk, in all its sizes at once, while others are being encoded.

    What was told is never taken back: an attempt that has not come so far as an earlier one changes nothing.
    """
    hold_video(video_id=video_id)
    made = _get_or_make_all(video_id, revision, [facts for facts, _ in growing])
    changed = []
    for facts, run in growing:
        rendition = made[facts.name]
        earlier = rendition.grown(run.first_number)
        if earlier is None or earlier.end_number < run.end_number:
            rendition.grow(run)
            changed.append(rendition)
    Rendition.objects.bulk_update(changed, ["growing_runs"])


def _forget_grown(made: Iterable[Rendition], first_numbers: Collection[int]) -> None:
    """Remove what was noted of chunks that are whole by now."""
    keys = set(map(str, first_numbers))
    changed = [one for one in made if keys & one.growing_runs.keys()]
    for one in changed:
        one.growing_runs = {key: run for key, run in one.growing_runs.items() if key not in keys}
    Rendition.objects.bulk_update(changed, ["growing_runs"])


def _row(rendition_id: str, one: Addition) -> RenditionRun:
    return RenditionRun(
        rendition_id=rendition_id,
        chunk_index=one.chunk_index,
        first_number=one.run.first_number,
        start_ticks=one.run.start_ticks,
        durations=list(one.run.durations),
        sizes=list(one.run.sizes),
        key_frame_sizes=list(one.run.key_frame_sizes),
        quality=dict(one.quality),
    )


def _get_or_make_all(
    video_id: str, revision: str, all_facts: Sequence[RenditionFacts]
) -> dict[str, Rendition]:
    """Return the renditions by their names. The video must be locked."""
    names = {facts.name for facts in all_facts}
    found = Rendition.objects.filter(video_id=video_id, revision=revision, name__in=names)
    made = {rendition.name: rendition for rendition in found}
    for facts in all_facts:
        if facts.name not in made:
            made[facts.name], _ = _get_or_make(video_id, revision, facts)
    return made


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
    return sum(_remove_stopgap(video_id, revision, name) for video_id, revision, name in rows)


@atomic
def _remove_stopgap(video_id: str, revision: str, name: str) -> bool:
    hold_video(video_id=video_id)
    if Video.objects.filter(pk=video_id, legal_hold=True).exists():  # it may have come since
        return False
    remove_rendition(video_id=video_id, revision=revision, name=name)
    return True
