"""Imports one file or address at once, in this very process; what is there already is told by its checksum."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

from django.db.models import F, Q

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Conflict, GilfoyleError, StaleWork
from gilfoyle.lib.transactions import atomic
from videos.access.models import Project
from videos.access.quotas import require_any_room
from videos.catalog import services as catalog
from videos.catalog import states as video_states
from videos.catalog.models import Video
from videos.imports import services, states
from videos.imports.collecting import Wish
from videos.imports.models import Import
from videos.imports.reading import RemoteReader
from videos.imports.remotes import find_remote
from videos.imports.worker import run_import
from videos.uploads.models import Upload
from videos.uploads.services import receive_source, require_room

READ_BYTES = 1024 * 1024
OnBytes = Callable[[int, int | None], None]  # how much there is of how much
INTERRUPTED_S = 24 * 3600
INTERRUPTED = "Interrupted on the command line; the same command goes on with it."
LATER = "The workers try it again."
STOPPED = "The import was cancelled, or its video deleted, meanwhile."


class Interrupted(Conflict):
    """Whoever ran the command stopped it."""

    code = "import_interrupted"


@dataclass(frozen=True, slots=True)
class Taken:
    """How it ended: `imported`, `present` (it was there already), or `failed`, and then why."""

    outcome: Literal["imported", "present", "failed"]
    video: Video | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class Taking:
    """Where it goes, and who hears how far it is: while it arrives, and while it is compared with what is there."""

    project: Project
    config: Config
    on_bytes: OnBytes = lambda _received, _size: None
    on_check: OnBytes = lambda _checked, _size: None


def take(wish: Wish, taking: Taking) -> Taken:
    """Import a file or address, unless its video is there."""
    try:
        return (
            _take_address(wish, taking) if wish.path is None else _take_file(wish.path, wish.fields, taking)
        )
    except OSError as error:
        return Taken("failed", words=f"{error.strerror}.")
    except GilfoyleError as error:
        return refused(error)


def look_up(wish: Wish, taking: Taking) -> Taken:
    """Tell how `take` would end, as far as can be told; nothing is written."""
    try:
        present = (
            find_same_address(wish.source, taking=taking)
            if wish.path is None
            else _find_same_path(wish.path, taking)
        )
    except OSError as error:
        return Taken("failed", words=f"{error.strerror}.")
    except GilfoyleError as error:
        return refused(error)
    return present_or_failed(present) if present else Taken("imported")


def _find_same_path(path: Path, taking: Taking) -> Video | None:
    with path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        require_room(length_bytes=size_bytes, config=taking.config)
        present = find_same_file(file, taking=taking, size_bytes=size_bytes)
        if present is None:
            project_id, config = taking.project.pk, taking.config
            require_any_room(project_id=project_id, api_key_id="", config=config, asked_bytes=size_bytes)
        return present


def _take_file(path: Path, fields: Mapping[str, Any], taking: Taking) -> Taken:
    with path.open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if present := find_same_file(file, taking=taking, size_bytes=size_bytes):
            return present_or_failed(present)
        return Taken("imported", receive_file(file, size_bytes, taking, fields=fields))


def _take_address(wish: Wish, taking: Taking) -> Taken:
    if present := find_same_address(wish.source, taking=taking):
        return present_or_failed(present)
    held = _take_up(wish, taking)
    # Whoever else began it, keeps its video, whatever becomes of it.
    is_ours = held is None or held.failure_code == Interrupted.code
    held = held or begin(wish.source, wish.fields, taking)
    return _ended(held, fetch_held(held, taking), is_ours=is_ours)


def fetch_held(held: Import, taking: Taking) -> GilfoyleError | None:
    """Fetch an import that this process holds; returns what went wrong. Interrupted, it waits for the next run."""
    try:
        return run_import(held, config=taking.config, on_bytes=taking.on_bytes)
    except KeyboardInterrupt:
        # What has arrived is kept for the next run of the command; should there be none, the workers go on one day.
        with suppress(GilfoyleError):
            services.postpone_import(held=held, error=Interrupted(INTERRUPTED), pause_s=INTERRUPTED_S)
        raise


def _take_up(wish: Wish, taking: Taking) -> Import | None:
    """Take an import of the same address that was interrupted, or waits between two tries."""
    waiting = Import.objects.filter(video__project=taking.project, status=states.WAITING)
    for one in waiting.filter(source_url__startswith=wish.source.partition("?")[0]):
        if one.shown_url == wish.source.partition("?")[0]:
            return claim(one, wish.source, taking)
    return None


def claim(one: Import, source_url: str, taking: Taking) -> Import | None:
    """Take a waiting import for this process, under an address that may have been signed anew; None where it is not free."""
    Import.objects.filter(pk=one.pk, status=states.WAITING).update(source_url=source_url)
    owner = f"{socket.gethostname()}:{os.getpid()}"
    return services.claim_import(owner=owner, lease_s=taking.config.encoding.lease_s, import_id=one.pk)


def find_same_file(file: BinaryIO, *, taking: Taking, size_bytes: int) -> Video | None:
    """Return the video that was made of the same bytes; only where one of the same length is there they are all read."""
    if not _sources(taking.project).filter(length_bytes=size_bytes).exists():
        return None
    digest, checked_bytes = hashlib.sha256(), 0
    while piece := file.read(READ_BYTES):
        digest.update(piece)
        checked_bytes += len(piece)
        taking.on_check(checked_bytes, size_bytes)
    file.seek(0)
    return _same(taking.project, size_bytes, digest.hexdigest())


def find_same_address(url: str, *, taking: Taking) -> Video | None:
    """Return the video of an earlier import of the same address whose file has not changed since.

    Raises: what connecting does.
    """
    remote = find_remote(url, config=taking.config, project_name=taking.project.name)
    with RemoteReader(remote, pause=lambda _pause_s: None) as reader:
        version = reader.version
    before = Import.objects.filter(
        source_url=url.partition("?")[0],
        status=states.FINISHED,
        version=version.condition,
        size_bytes=version.size_bytes,
    ).exclude(version="")
    return (
        Video.objects.filter(
            project=taking.project, imports__in=before, source_upload_id=F("imports__upload_id")
        )
        .exclude(status=video_states.DELETING)
        .first()
    )


def _sources(project: Project) -> Any:
    """Return the uploads that are the source of a video of the project."""
    return Upload.objects.filter(
        video__project=project, status="finished", video__source_upload_id=F("pk")
    ).exclude(video__status=video_states.DELETING)


def _same(
    project: Project, size_bytes: int | None, sha256: str, *, before: Video | None = None
) -> Video | None:
    same = _sources(project).filter(length_bytes=size_bytes, sha256=sha256)
    if before is not None:
        at = before.created_at
        same = same.filter(Q(video__created_at__lt=at) | Q(video__created_at=at, video__lt=before.pk))
    found = same.select_related("video").order_by("created_at").first()
    return found.video if found else None


def receive_file(
    file: BinaryIO,
    size_bytes: int,
    taking: Taking,
    *,
    fields: Mapping[str, Any] | None = None,
    video: Video | None = None,
    is_new: bool = False,
) -> Video:
    """Let a file be the source of a video: of a new one with such fields, or of one that awaits it.

    Raises: what `create_video` and `receive_source` raise; then there is no video, unless it was there before: `is_new`
    says that the given one was made for this file.
    """
    is_new = is_new or video is None
    video = video or catalog.create_video(project=taking.project, fields=fields or {})
    received_bytes = 0

    def read(size: int) -> bytes:
        nonlocal received_bytes
        piece = file.read(size)
        received_bytes += len(piece)
        taking.on_bytes(received_bytes, size_bytes)
        return piece

    try:
        receive_source(video=video, length_bytes=size_bytes, read=read, config=taking.config)
    except BaseException:
        # Also on Ctrl-C: nobody will send the source of this video any more, unless it had just arrived.
        if is_new:
            catalog.delete_if_sourceless(video_id=video.pk)
        raise
    video.refresh_from_db()
    return video


@atomic
def begin(
    source_url: str, fields: Mapping[str, Any], taking: Taking, *, video: Video | None = None
) -> Import:
    """Make a video, unless one awaits it, and its import, held by this process from the beginning: no worker is to take it.

    Raises: what `create_video` and `start_import` raise; then nothing was made.
    """
    video = video or catalog.create_video(project=taking.project, fields=fields)
    begun = services.start_import(video=video, source_url=source_url, config=taking.config, is_nudged=False)
    return claim(begun, source_url, taking) or begun


def _ended(held: Import, error: GilfoyleError | None, *, is_ours: bool) -> Taken:
    if error is not None:
        status, video = look_again(held, is_ours=is_ours)
        if status in states.LIVE:
            return Taken("failed", video, f"{error.message} {LATER}")
        if status != states.FINISHED or video is None:
            return Taken("failed", video, why_not(held, error))
    else:
        video = Video.objects.get(pk=held.video_id)
    earlier = _give_way(video) if is_ours else None
    return present_or_failed(earlier) if earlier is not None else Taken("imported", video)


@atomic
def _give_way(video: Video) -> Video | None:
    """Delete a video whose file an earlier one of its project has; returns that, which stays until this one is gone.

    Of two that arrive at once the later one goes, and never both.
    """
    while (
        earlier := _same(video.project, video.source_size_bytes, video.source_sha256, before=video)
    ) is not None:
        catalog.hold_video(video_id=earlier.pk)
        if _sources(video.project).filter(video=earlier.pk).exists():
            catalog.delete_video(video=video)
            return earlier
    return None


@atomic
def look_again(held: Import, *, is_ours: bool) -> tuple[str, Video | None]:
    """Return how an import stands that went wrong for this process, and its video, where there is one still.

    Somebody else may have brought it to its end meanwhile, or given the video another file. What this process made
    (`is_ours`) is deleted where the import failed for good and no file is there or on its way: nobody has seen it.
    """
    catalog.hold_video(video_id=held.video_id)
    video = Video.objects.select_related("project").filter(pk=held.video_id).first()
    if video is None or video.status == video_states.DELETING:
        return states.CANCELLED, None
    held.refresh_from_db()
    is_empty = not video.source_upload_id and video.status != video_states.UPLOADING
    if is_ours and held.status == states.FAILED and is_empty:
        with suppress(GilfoyleError):
            catalog.delete_video(video=video)
            video = None
    return held.status, video


def why_not(held: Import, error: GilfoyleError) -> str:
    """Return in words why an import brought nothing: what was noted of its end, where somebody else ended it."""
    if held.status == states.CANCELLED or isinstance(error, StaleWork):
        return held.failure_message or STOPPED
    return f"{error.message} {error.hint}".strip()


def present_or_failed(video: Video) -> Taken:
    """Tell of a video that is there, unless it is of no use."""
    if video.status == video_states.FAILED:
        return Taken(
            "failed", video, f"It was imported before, and could not be processed: {video.failure_message}"
        )
    return Taken("present", video)


def refused(error: GilfoyleError) -> Taken:
    """Return a failure in words."""
    return Taken("failed", words=f"{error.message} {error.hint}".strip())
