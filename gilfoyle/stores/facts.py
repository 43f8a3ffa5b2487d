"""What the rows say that lies in the store: of some videos, of some uploads, always as they are now."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.utils import timezone

from gilfoyle.lib.sealed_chunks import sealed_size
from gilfoyle.stores.names import parse_name
from processing.jobs import states as job_states
from processing.jobs.models import Job
from videos import layout
from videos.catalog import states
from videos.catalog.canary import VIDEO_ID as CANARY_ID
from videos.catalog.models import (
    EncryptedRevision,
    ImageSet,
    PastRevision,
    PurgedVideo,
    Rendition,
    RenditionRun,
    SpareSource,
    Video,
)
from videos.storyboard import Storyboard
from videos.tracks.models import TextTrack
from videos.uploads import states as upload_states
from videos.uploads.models import DirectUpload, Upload, UploadPiece

VIDEO, UPLOAD, SELF_TESTS = "video", "upload", "self-test"
# Whose revision may be worked on, or tried again as it is.
UNFINISHED = frozenset({states.AWAITING_UPLOAD, states.UPLOADING, states.PROCESSING, states.FAILED})
AT_WORK = frozenset({job_states.WAITING, job_states.READY, job_states.RUNNING})


@dataclass(frozen=True, slots=True)
class Together:
    """Pictures whose sizes are recorded as one sum, of what they are before they are sealed."""

    names: tuple[str, ...]
    size_bytes: int
    is_sealed: bool


@dataclass(slots=True)
class Facts:
    """What is named of one owner. `wanted`: name → size as stored, None where no row knows it.

    `grown`: the same of what may be longer than what counts of it. `kept`: names, or folders ("…/"), that are not
    listed by name but in use. `leaving`: all of it is about to be removed by the sweeper.
    """

    is_known: bool
    wanted: dict[str, int | None] = field(default_factory=dict)
    grown: dict[str, int] = field(default_factory=dict)
    together: list[Together] = field(default_factory=list)
    kept: set[str] = field(default_factory=set)
    is_leaving: bool = False
    is_held: bool = False
    revisions: set[str] = field(default_factory=set)
    source: Video | None = None

    def is_kept(self, name: str) -> bool:
        """Tell whether something at work may need a name, or be about to write it."""
        if name in self.kept:
            return True
        at = name.find("/")
        while at >= 0:
            if name[: at + 1] in self.kept:
                return True
            at = name.find("/", at + 1)
        return False


def facts_of_videos(video_ids: Collection[str]) -> Iterator[tuple[str, Facts]]:
    """Yield for each video what its rows name; one at a time, for a long one names tens of thousands of objects."""
    videos = {video.pk: video for video in Video.objects.filter(pk__in=video_ids)}
    purged = set(
        PurgedVideo.objects.filter(pk__in=[one for one in video_ids if one not in videos]).values_list(
            "pk", flat=True
        )
    )
    facts = {video_id: Facts(video_id in videos, is_leaving=video_id in purged) for video_id in video_ids}
    for video in videos.values():
        _add_video(facts[video.pk], video)
    living = [video for video in videos.values() if not facts[video.pk].is_leaving]
    _add_work(facts, living)
    _add_spares(facts, video_ids)
    _add_pictures(facts, living)
    _add_tracks(facts, living)
    _add_growing(facts, living)
    runs = RenditionRun.objects.filter(rendition__video__in=[video.pk for video in living])
    rows = runs.order_by("rendition__video_id").values_list(
        "rendition__video_id", "rendition__revision", "rendition__name", "first_number", "sizes"
    )
    last = ""
    for video_id, revision, name, first_number, sizes in rows.iterator(chunk_size=100):
        if last and video_id != last:
            yield last, facts.pop(last)
        last = video_id
        _add_run(facts[video_id], videos[video_id], revision, name, first_number, sizes)
    yield from facts.items()


def _add_video(facts: Facts, video: Video) -> None:
    facts.is_held, facts.is_leaving = video.legal_hold, video.status == states.DELETING
    if facts.is_leaving:
        return
    project_id, video_id = video.project_id, video.pk
    facts.revisions = {video.revision, *filter(None, [video.next_revision])}
    if video.source_upload_id:
        name = layout.source_name(project_id, video_id, video.source_upload_id, video.source_version)
        size_bytes = video.source_size_bytes
        is_sealed = video.source_is_sealed and size_bytes is not None
        facts.wanted[name] = sealed_size(size_bytes or 0) if is_sealed else size_bytes
        facts.source = video
    if video.status in UNFINISHED:
        facts.kept.add(layout.revision_folder(project_id, video_id, video.revision) + "/")
    if video.next_revision:
        facts.kept.add(layout.revision_folder(project_id, video_id, video.next_revision) + "/")
    if video_id == CANARY_ID:  # its objects have no rows but what players need
        facts.kept.add(layout.sources_folder(project_id, video_id) + "/")
        facts.kept.add(layout.video_folder(project_id, video_id) + "/")


def _add_work(facts: Mapping[str, Facts], videos: Collection[Video]) -> None:
    """Keep what jobs, uploads and viewers of a replaced revision have at work."""
    owners = {video.pk: video for video in videos}
    busy = Q(status=job_states.ACTIVE) | Q(steps__status__in=AT_WORK)
    jobs = Job.objects.filter(busy, video__in=list(owners)).values_list("video_id", "revision").distinct()
    for video_id, revision in jobs:
        facts[video_id].kept.add(
            layout.revision_folder(owners[video_id].project_id, video_id, revision) + "/"
        )
    for past in PastRevision.objects.filter(video__in=list(owners)):
        folder = layout.revision_folder(owners[past.video_id].project_id, past.video_id, past.revision)
        facts[past.video_id].revisions.add(past.revision)
        facts[past.video_id].kept.add(f"{folder}/")
    uploads = Upload.objects.filter(video__in=list(owners), status=upload_states.RECEIVING)
    for upload_id, video_id in uploads.values_list("pk", "video_id"):
        folder = layout.sources_folder(owners[video_id].project_id, video_id)
        facts[video_id].kept.add(f"{folder}/{upload_id}/")
    direct = DirectUpload.objects.filter(upload__video__in=list(owners))
    unsettled = direct.filter(Q(is_settled=False) | Q(remove_at__isnull=False))
    for name, video_id in unsettled.values_list("name", "upload__video_id"):
        facts[video_id].kept.add(name)


def _add_spares(facts: Mapping[str, Facts], video_ids: Collection[str]) -> None:
    """Keep what is promised to be stored, or noted to be removed."""
    for name, video_id in SpareSource.objects.filter(video_id__in=video_ids).values_list("name", "video_id"):
        facts[video_id].kept.add(name)


def _add_pictures(facts: Mapping[str, Facts], videos: Collection[Video]) -> None:
    owners = {video.pk: video for video in videos}
    sealed = set(EncryptedRevision.objects.filter(video__in=list(owners)).values_list("revision", flat=True))
    for one in ImageSet.objects.filter(video__in=list(owners)):
        video = owners[one.video_id]
        folder = layout.image_folder(video.project_id, video.pk, one.revision, one.kind, one.version)
        names = tuple(f"{folder}/{name}" for name in _files_of(one))
        facts[video.pk].wanted.update(dict.fromkeys(names))
        facts[video.pk].together.append(Together(names, one.size_bytes, one.revision in sealed))
        if one.replaced_version:
            before = layout.image_folder(
                video.project_id, video.pk, one.revision, one.kind, one.replaced_version
            )
            facts[video.pk].kept.add(f"{before}/")


def _files_of(one: ImageSet) -> list[str]:
    said: Mapping[str, Any] = one.facts
    if one.kind == "storyboard":
        sheets = Storyboard.from_json(said["storyboard"]).sheet_count if "storyboard" in said else 0
        return [f"storyboard-{number:03d}.jpg" for number in range(sheets)]
    default = ("webp",) if one.kind == "preview" else ("jpg",)
    return [f"{one.kind}.{suffix}" for suffix in said.get("formats", default)]


def _add_tracks(facts: Mapping[str, Facts], videos: Collection[Video]) -> None:
    owners = {video.pk: video for video in videos}
    for track in TextTrack.objects.filter(video__in=list(owners)):
        video = owners[track.video_id]
        name = layout.track_name(video.project_id, video.pk, track.revision, track.pk)
        size_bytes = track.size_bytes
        facts[video.pk].wanted[name] = sealed_size(size_bytes) if track.is_encrypted else size_bytes


def _add_growing(facts: Mapping[str, Facts], videos: Collection[Video]) -> None:
    """Want what players were told of before its chunk was whole: a job that failed may be tried again."""
    owners = {video.pk: video for video in videos}
    for one in Rendition.objects.filter(video__in=list(owners)).exclude(growing_runs={}):
        for run in one.list_grown():
            _add_run(
                facts[one.video_id],
                owners[one.video_id],
                one.revision,
                one.name,
                run.first_number,
                list(run.sizes),
            )


def _add_run(
    facts: Facts, video: Video, revision: str, rendition: str, first_number: int, sizes: list[int]
) -> None:
    folder = layout.rendition_folder(video.project_id, video.pk, revision, rendition)
    facts.revisions.add(revision)
    if sizes:
        facts.wanted[layout.init_name(folder)] = None
    for number, size_bytes in enumerate(sizes, first_number):
        facts.wanted[layout.segment_name(folder, number)] = size_bytes


def facts_of_uploads(upload_ids: Collection[str]) -> Iterator[tuple[str, Facts]]:
    """Yield for each resumable upload what its rows name of what has arrived."""
    uploads = {one.pk: one for one in Upload.objects.filter(pk__in=upload_ids)}
    facts = {upload_id: Facts(upload_id in uploads) for upload_id in upload_ids}
    receiving = [one for one in uploads.values() if one.status == upload_states.RECEIVING]
    for upload in receiving:
        facts[upload.pk].kept.add(layout.upload_folder(upload.project_id or "", upload.pk) + "/")
    for piece in UploadPiece.objects.filter(upload__in=receiving).select_related("upload"):
        name = layout.upload_piece_name(piece.upload.project_id or "", piece.upload_id, piece.name)
        stored = sealed_size(piece.size_bytes) if piece.is_encrypted else piece.size_bytes
        facts[piece.upload_id].grown[name] = stored
    _add_noted(facts)
    yield from facts.items()


def has_owners() -> bool:
    """Tell whether the rows know of anybody's video, or of an upload under way: a new database does not."""
    receiving = Upload.objects.filter(status=upload_states.RECEIVING)
    return Video.objects.exclude(pk=CANARY_ID).exists() or receiving.exists()


def named_size(name: str) -> tuple[bool, int | None]:
    """Tell whether rows name an object of a video, and the size as stored where they know it."""
    parsed = parse_name(name)
    for _, facts in facts_of_videos([parsed.owner]) if parsed is not None else ():
        if name in facts.wanted:
            return True, facts.wanted[name]
    return False, None


def size_of_piece(name: str) -> tuple[int, bool]:
    """Return how much of a piece of an upload under way counts (0: nothing), and whether somebody is writing now."""
    parsed = parse_name(name)
    if parsed is None:
        return 0, False
    for _, facts in facts_of_uploads([parsed.owner]):
        if name in facts.grown:
            return facts.grown[name], Upload.objects.filter(
                pk=parsed.owner, writer_expires_at__gt=timezone.now()
            ).exclude(writer="").exists()
    return 0, False


def _add_noted(facts: Mapping[str, Facts]) -> None:
    """Keep what is noted to be removed, also of uploads that have no row any more."""
    spare = SpareSource.objects.filter(name__startswith="uploads/").values_list("name", flat=True)
    # There may be a row for each upload that there ever was; of those without one, few, and not for long.
    own = DirectUpload.objects.filter(Q(upload__in=list(facts)) | Q(upload=None))
    direct = own.filter(name__startswith="uploads/").values_list("name", flat=True)
    for name in (*spare, *direct):
        upload_id = name.split("/")[2]
        if upload_id in facts:
            facts[upload_id].kept.add(name)
