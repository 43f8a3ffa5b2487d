"""Reads of videos and renditions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, cast

from django.db.models import Exists, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from gilfoyle.lib.ids import is_id
from gilfoyle.lib.language_names import language_name
from videos.access.models import Project
from videos.catalog import states
from videos.catalog.models import (
    ContentKey,
    EncryptedRevision,
    ImageSet,
    Rendition,
    RenditionRun,
    SourceKey,
    Video,
)
from videos.catalog.terms import PlaybackTerms
from videos.errors import VideoNotFound
from videos.segment_index import PlayableRendition, SegmentRun, merge_runs
from videos.storyboard import Storyboard

Restriction = Literal["none", "held", "restricted", "blocked"]


@dataclass(frozen=True, slots=True)
class StoredImages:
    """One kind of a video's pictures (`poster`, `storyboard`, `preview`): the version that is stored, in which formats."""

    kind: str
    version: int
    formats: tuple[str, ...] = ("jpg",)


class Access(NamedTuple):
    """What decides whether a video can be played at all; cheap to read of many at once."""

    project_id: str
    revision: str
    status: str
    playable: bool
    restriction: str
    project_suspended: bool
    terms: PlaybackTerms = PlaybackTerms()


@dataclass(frozen=True, slots=True)
class PlaybackPolicy:
    """What the gate must know of a video; nothing else of it is needed to serve a byte."""

    video_id: str
    project_id: str
    revision: str
    status: str
    playable: bool
    restriction: Restriction
    project_suspended: bool
    duration_s: float | None
    images: tuple[StoredImages, ...]
    title: str
    past: Mapping[str, tuple[StoredImages, ...]] = field(
        default_factory=dict
    )  # earlier revisions, with theirs
    encrypted: frozenset[str] = frozenset()  # which of the revisions are
    needs_age: bool = False
    embedding_off: bool = False
    blocked_countries: tuple[str, ...] = ()

    @property
    def terms(self) -> PlaybackTerms:
        """What a viewer must have, or must not be."""
        return PlaybackTerms(self.restriction, self.needs_age, self.embedding_off, self.blocked_countries)

    @property
    def is_encrypted(self) -> bool:
        """Whether the segments of this revision are of no use without their keys."""
        return self.revision in self.encrypted

    @property
    def access(self) -> Access:
        """Return the part that `list_access` reads, too."""
        return Access(
            self.project_id,
            self.revision,
            self.status,
            self.playable,
            self.restriction,
            self.project_suspended,
            self.terms,
        )

    def as_of(self, revision: str) -> PlaybackPolicy | None:
        """Return the same with another revision that may still be played, or None where there is no such."""
        if revision == self.revision:
            return self
        return replace(self, revision=revision, images=self.past[revision]) if revision in self.past else None

    def find_images(self, kind: str) -> StoredImages | None:
        """Return the video's pictures of a kind, or None where it has none."""
        return next((one for one in self.images if one.kind == kind), None)


def list_videos(*, project: Project) -> QuerySet[Video]:
    """Return a project's videos, without those being deleted."""
    videos = Video.objects.filter(project=project).exclude(status=states.DELETING)
    return videos.annotate(is_made_encrypted=_is_made_encrypted(OuterRef("revision")))


def _is_made_encrypted(revision: OuterRef | str) -> Coalesce:
    """Return what tells in the database whether a revision is encrypted, whatever has become of its key."""
    # Until all processes have a version that notes it, the key alone may tell. No Exists: for a page of 25 PostgreSQL would
    # read all keys there are into a hash (a second, of a million videos).
    marked, has_key = (
        Subquery(model.objects.filter(pk=revision).annotate(is_there=Value(True)).values("is_there")[:1])
        for model in (EncryptedRevision, ContentKey)
    )
    return Coalesce(marked, has_key, Value(False))


def are_keys_missing() -> bool:
    """Tell whether something that is kept was encrypted under a key that is not in the database."""
    kept = Video.objects.exclude(status=states.DELETING)
    marked = EncryptedRevision.objects.filter(pk=OuterRef("revision"))
    has_key = ContentKey.objects.filter(pk=OuterRef("revision"))
    has_source_key = SourceKey.objects.filter(video_id=OuterRef("pk"))
    return (
        kept.filter(Exists(marked), ~Exists(has_key)).exists()
        or kept.filter(~Exists(has_source_key), source_is_sealed=True).exists()
    )


def is_encrypted(video: Video) -> bool:
    """Tell whether the segments of a video's present revision are encrypted; of `list_videos` without another query."""
    known: bool | None = getattr(video, "is_made_encrypted", None)
    if known is not None:
        return known
    return video.revision in _list_encrypted(video)


def _list_encrypted(video: Video) -> frozenset[str]:
    """Return which revisions of a video are encrypted."""
    keys = video.content_keys.values_list("revision", flat=True)
    return frozenset(keys.union(video.encrypted_revisions.values_list("revision", flat=True)))


def get_video(*, project: Project, video_id: str) -> Video:
    """Return one video of the project.

    Raises: VideoNotFound, also for another project's id.
    """
    video = list_videos(project=project).filter(pk=video_id).first() if is_id(video_id) else None
    if video is None:
        message = "There is no such video."
        raise VideoNotFound(message)
    return video


def get_playback_policy(video_id: str) -> PlaybackPolicy | None:
    """Return what the gate must know, or None where there is no such video (any more)."""
    video = (
        Video.objects.select_related("project").filter(pk=video_id).exclude(status=states.DELETING).first()
    )
    if video is None:
        return None
    return PlaybackPolicy(
        video_id=video.pk,
        project_id=video.project_id,
        revision=video.revision,
        status=video.status,
        playable=video.playable,
        restriction=cast("Restriction", video.restriction),
        project_suspended=video.project.is_suspended,
        duration_s=video.duration_s,
        images=_list_images(video.pk, video.revision),
        title=video.title,
        past={
            past.revision: _list_images(video.pk, past.revision)
            for past in video.past_revisions.filter(was_played=True)
        },
        encrypted=_list_encrypted(video),
        needs_age=video.needs_age,
        embedding_off=video.embedding_off,
        blocked_countries=tuple(video.blocked_countries.split()),
    )


def list_access(video_ids: Collection[str]) -> dict[str, Access]:
    """Return what decides about those of the videos that there are, in one query."""
    rows = Video.objects.filter(pk__in=video_ids).exclude(status=states.DELETING).order_by()
    fields = ("pk", "project_id", "revision", "status", "playable", "restriction", "project__suspended_at")
    of_terms = ("needs_age", "embedding_off", "blocked_countries")
    return {
        video_id: Access(
            project_id,
            revision,
            status,
            playable,
            restriction,
            suspended_at is not None,
            PlaybackTerms(restriction, needs_age, embedding_off, tuple(countries.split())),
        )
        for video_id, project_id, revision, status, playable, restriction, suspended_at, needs_age, embedding_off, countries in rows.values_list(
            *fields, *of_terms
        )
    }


def find_duration_s(video_id: str) -> float | None:
    """Return how long a video is, or will be; None where that is not known (any more)."""
    return Video.objects.filter(pk=video_id).values_list("duration_s", flat=True).first()


@dataclass(frozen=True, slots=True)
class ViewerFacts:
    """What viewers may know of a video that is not the gate's matter: progress in percent, size of the picture."""

    progress: int
    picture: tuple[int, int] | None


def get_viewer_facts(video_id: str) -> ViewerFacts:
    """Return what viewers may know; nothing of a video that is gone."""
    found = Video.objects.filter(pk=video_id).values_list("progress", "width", "height").first()
    progress, width, height = found or (0, None, None)
    return ViewerFacts(progress, (width, height) if width and height else None)


def _list_images(video_id: str, revision: str) -> tuple[StoredImages, ...]:
    image_sets = ImageSet.objects.filter(video_id=video_id, revision=revision).order_by("kind")
    return tuple(
        StoredImages(one.kind, one.version, tuple(one.facts.get("formats", ("jpg",)))) for one in image_sets
    )


def get_storyboard(video_id: str, revision: str) -> Storyboard | None:
    """Return the storyboard of one revision of a video, or None where it has none."""
    found = ImageSet.objects.filter(video_id=video_id, revision=revision, kind="storyboard").first()
    return Storyboard.from_json(found.facts["storyboard"]) if found else None


def list_renditions(*, video: Video) -> list[Rendition]:
    """Return the renditions of a video's present revision, largest picture first, then audio."""
    renditions = Rendition.objects.filter(video=video, revision=video.revision)
    return sorted(renditions, key=_largest_first)


def list_opened_renditions(video_id: str, revision: str) -> set[str]:
    """Return the names of the renditions that have their first segment."""
    first = RenditionRun.objects.filter(
        first_number=0,
        rendition__video_id=video_id,
        rendition__revision=revision,
        rendition__withheld_reason="",
    )
    growing = Rendition.objects.filter(
        video_id=video_id, revision=revision, withheld_reason="", growing_runs__has_key="0"
    )
    return {*first.values_list("rendition__name", flat=True), *growing.values_list("name", flat=True)}


def list_ssim_samples(video_id: str, revision: str) -> dict[str, list[float]]:
    """Return how like the source the samples of each rendition were, by name."""
    runs = RenditionRun.objects.filter(rendition__video_id=video_id, rendition__revision=revision)
    found: dict[str, list[float]] = defaultdict(list)
    for name, quality in runs.order_by("first_number").values_list("rendition__name", "quality"):
        if quality.get("ssim") is not None:
            found[name].append(quality["ssim"])
    return found


def count_mended_runs(video_id: str, revision: str) -> dict[str, int]:
    """Return in how many chunks of each rendition near pictures stand for missing ones, by name; none: not there."""
    runs = RenditionRun.objects.filter(rendition__video_id=video_id, rendition__revision=revision)
    qualities = runs.values_list("rendition__name", "quality")
    return Counter(name for name, quality in qualities if quality.get("is_mended"))


def has_doubtful_runs(video_id: str, revision: str) -> bool:
    """Tell whether the source was odd where any of this was made of it: mended, or complained of by the decoder."""
    runs = RenditionRun.objects.filter(rendition__video_id=video_id, rendition__revision=revision)
    qualities = runs.values_list("quality", flat=True)
    return any(quality.get("is_mended") or quality.get("is_doubtful") for quality in qualities)


def _largest_first(rendition: Rendition) -> tuple[bool, int, int, str]:
    pixels = (rendition.width or 0) * (rendition.height or 0)
    return rendition.kind == "audio", -pixels, len(rendition.name), rendition.name  # a2 before a10


def _with_grown(rendition: Rendition, runs: list[SegmentRun]) -> list[SegmentRun]:
    """Add what there is of chunks that are still being encoded; a whole run is the last word."""
    whole = {run.first_number for run in runs}
    return [*runs, *(run for run in rendition.list_grown() if run.first_number not in whole)]


def list_playable_renditions(video_id: str, revision: str) -> tuple[PlayableRendition, ...]:
    """Return the renditions of one revision with their segments so far, largest picture first, then audio."""
    rows = Rendition.objects.filter(video_id=video_id, revision=revision).annotate(
        is_made_encrypted=_is_made_encrypted(revision)
    )
    renditions = sorted(rows, key=_largest_first)
    runs: dict[str, list[SegmentRun]] = defaultdict(list)
    for run in RenditionRun.objects.filter(rendition__in=renditions):
        runs[run.rendition_id].append(run.as_run())
    return tuple(
        PlayableRendition(
            name=rendition.name,
            kind=cast("Literal['video', 'audio']", rendition.kind),
            codec=rendition.codec,
            width=rendition.width,
            height=rendition.height,
            frame_rate=rendition.frame_rate_fraction,
            channels=rendition.channels,
            language=rendition.language,
            bandwidth_cap_bps=rendition.bandwidth_cap_bps,
            index=merge_runs(rendition.timescale, _with_grown(rendition, runs[rendition.pk])),
            is_complete=rendition.is_complete,
            is_stopgap=rendition.is_stopgap,
            target_duration_s=rendition.target_duration_s,
            withheld_reason=rendition.withheld_reason,
            quality=rendition.quality,
            role=rendition.role,
            audio_track=rendition.audio_track,
            language_name=language_name(rendition.language),
            is_encrypted=rendition.is_made_encrypted,
        )
        for rendition in renditions
    )
