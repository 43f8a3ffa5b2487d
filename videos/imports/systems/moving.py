"""Imports one video of another system: its source, then its chapters and texts. What is there already is told by its old id.

The old id is `external_id`, as it is. In the metadata there is a mark: of which system a video is, and while texts or
chapters are missing, so that a later run takes them, and needs to ask nothing about all others. What has no such mark is
somebody else's, and is left as it is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError, StaleWork
from gilfoyle.lib.transactions import atomic
from videos.access.models import Project
from videos.access.quotas import hold_project
from videos.catalog import services as catalog
from videos.catalog import states as video_states
from videos.catalog.models import Video
from videos.catalog.serializers import VideoInputSerializer
from videos.chapters.models import ChapterList
from videos.chapters.services import give_chapters
from videos.errors import SourceExists, UploadInProgress
from videos.imports import services, states
from videos.imports.errors import ImportInProgress
from videos.imports.models import Import
from videos.imports.remotes import find_remote
from videos.imports.systems.folder import SYSTEM as FOLDER
from videos.imports.systems.found import (
    CHANGED_AT,
    CHAPTERS_MISSING,
    MARK,
    MISSING,
    AnswerUnusable,
    FoundCaption,
    FoundVideo,
)
from videos.imports.systems.inside import open_file
from videos.imports.taking import (
    LATER,
    Taking,
    begin,
    claim,
    fetch_held,
    look_again,
    receive_file,
    why_not,
)
from videos.tracks.models import CAPTIONS, SUBTITLES, UPLOADED, TextTrack
from videos.tracks.services import TrackFacts, add_track, name_language, shown_label
from videos.uploads import states as upload_states
from videos.uploads.models import Upload
from videos.uploads.services import require_room

Outcome = Literal["imported", "present", "under_way", "failed"]
ReadCaption = Callable[[FoundCaption, int], bytes]  # a text of so many bytes at most
FAILED_BEFORE = "It was imported before, and could not be processed:"
ELSEWHERE = "It is being fetched by another process."
SAME_NAME = "Another text of this video has the same language and name."
GONE = "It was deleted meanwhile."
TAKEN = (
    "The id is taken: a video that did not come from there has it as external_id, and awaits a file. "
    "Upload that, or delete it or change its external_id, and run the command again."
)
ANOTHER_FILE = "Another file was imported under this id. Give this one an id of its own in a file beside it, or delete that video."


@dataclass(frozen=True, slots=True)
class Moved:
    """How it ended. `under_way`: another process has it just now. `problems` are of texts that are still missing."""

    outcome: Outcome
    video: Video | None = None
    words: str = ""
    captions: int = 0
    problems: tuple[str, ...] = ()


def find_moved(project: Project, external_id: str) -> Video | None:
    """Return the video of the project that has an old id, the oldest where there are several."""
    same = Video.objects.filter(project=project, external_id=external_id)
    return same.exclude(status=video_states.DELETING).order_by("created_at", "pk").first()


def is_whole(video: Video) -> bool:
    """Tell whether nothing of a video is left to import, so that its system need not be asked about it."""
    mark = mark_of(video.metadata)
    return bool(video.source_upload_id) and not (mark.get(MISSING) or mark.get(CHAPTERS_MISSING))


def tell_present(video: Video, source: str | Path = "") -> Moved:
    """Tell of a video that is there, unless it could not be processed, or was made of another file than this one."""
    if isinstance(source, Path) and is_another_file(video, source):
        return Moved("failed", video, ANOTHER_FILE)
    if video.status == video_states.FAILED:
        return Moved("failed", video, f"{FAILED_BEFORE} {video.failure_message}")
    return Moved("present", video)


def look_at(found: FoundVideo, taking: Taking) -> Moved:
    """Tell how `move` would end, as far as can be told without asking for the file; nothing is written."""
    video = find_moved(taking.project, found.external_id)
    try:
        checked_fields(found)
        if video is not None and video.source_upload_id:
            return tell_present(video, found.source)
        if video is not None and not _is_ours(video, found):
            return Moved("failed", video, TAKEN)
        if isinstance(found.source, Path):
            require_room(length_bytes=found.source.stat().st_size, config=taking.config)
        else:
            find_remote(found.source, config=taking.config, project_name=taking.project.name)
    except OSError as error:
        return Moved("failed", video, f"{error.strerror}.")
    except GilfoyleError as error:
        return Moved("failed", video, f"{error.message} {error.hint}".strip())
    return Moved("imported", video)


def move(found: FoundVideo, taking: Taking, read_caption: ReadCaption) -> Moved:
    """Import a video, or what is missing of it."""
    try:
        fields = checked_fields(found)
        video = find_moved(taking.project, found.external_id)
        if video is not None and video.source_upload_id:
            told = tell_present(video, found.source)
        else:
            told = _arrive(found, fields, video, taking)
    except (UploadInProgress, ImportInProgress, SourceExists) as error:  # another run has just come before us
        return Moved("under_way", words=error.message)
    except Video.DoesNotExist:
        return Moved("failed", words=GONE)
    except OSError as error:
        return Moved("failed", words=f"{error.strerror}.")
    except GilfoyleError as error:
        return Moved("failed", words=f"{error.message} {error.hint}".strip())
    if told.video is None or told.outcome not in {"imported", "present"}:
        return told
    return _with_rest(told.outcome, told.video, found, taking.config, read_caption)


def _with_rest(
    outcome: Outcome, video: Video, found: FoundVideo, config: Config, read_caption: ReadCaption
) -> Moved:
    """Take what of a video's texts and chapters is missing still, and take the mark of what is there off."""
    mark = mark_of(video.metadata)
    taken, problems, there = 0, [], []
    if mark.get(CHAPTERS_MISSING):
        try:
            _take_chapters(video, found)
            there.append(CHAPTERS_MISSING)
        except GilfoyleError as error:
            problems.append(f"chapters: {error.message}")
    if mark.get(MISSING):
        taken, missing = _take_captions(video, found.captions, config, read_caption)
        problems += missing
        there += [] if missing else [MISSING]
    try:
        if there:
            _unmark(video.pk, there)
    except GilfoyleError as error:  # it was deleted, and purged, meanwhile
        problems.append(error.message)
    return Moved(outcome, video, captions=taken, problems=tuple(problems))


def _is_ours(video: Video, found: FoundVideo) -> bool:
    """Tell whether a video that awaits its file was made for this system's: an id alone may be anybody's."""
    system = mark_of(found.metadata).get("system")
    return bool(system) and mark_of(video.metadata).get("system") == system


def is_another_file(video: Video, file: Path) -> bool:
    """Tell whether a folder's video came as another file than the one that has its id now.

    The same size and time of change will do; only where the time is another one, the bytes are read.

    Raises: OSError, AnswerUnusable.
    """
    mark = mark_of(video.metadata)
    if mark.get("system") != FOLDER:
        return False
    facts = file.stat()
    came = Upload.objects.filter(video=video, status=upload_states.FINISHED, length_bytes=facts.st_size)
    if not came.exists():
        return True
    if mark.get(CHANGED_AT) == changed_at(facts):
        return False
    digests = set(came.exclude(sha256="").values_list("sha256", flat=True))
    with open_file(file) as opened:
        return bool(digests) and hashlib.file_digest(opened, "sha256").hexdigest() not in digests


def changed_at(facts: os.stat_result) -> str:
    """Return when a file was changed, as the mark keeps it: in nanoseconds, for it is only compared."""
    return str(facts.st_mtime_ns)


def checked_fields(found: FoundVideo) -> dict[str, Any]:
    """Return the fields of the video to make, by the API's own rules.

    Raises: AnswerUnusable; OSError where its file is gone.
    """
    metadata = dict(found.metadata or {})
    told = {MISSING: bool(found.captions), CHAPTERS_MISSING: bool(found.chapters)}
    kept: dict[str, Any] = {name: True for name, is_told in told.items() if is_told}
    if isinstance(found.source, Path) and mark_of(metadata):
        kept[CHANGED_AT] = changed_at(found.source.stat())
    if kept:
        metadata[MARK] = {**mark_of(metadata), **kept}
    given = {
        "title": found.title,
        "description": found.description,
        "external_id": found.external_id,
        "creator_id": found.creator_id,
        "metadata": metadata,
    }
    checked = VideoInputSerializer(data=given)
    if not checked.is_valid():
        wrong = (f"{name}: {' '.join(map(str, words))}" for name, words in checked.errors.items())
        raise AnswerUnusable(" ".join(wrong))
    return dict(checked.validated_data)


def _arrive(found: FoundVideo, fields: Mapping[str, Any], video: Video | None, taking: Taking) -> Moved:
    """Bring the source of a video: of a new one, or of one of ours that awaits it still."""
    is_new = video is None
    if video is not None and not _is_ours(video, found):
        return Moved("failed", video, TAKEN)
    if isinstance(found.source, Path):
        with open_file(found.source) as file:
            size_bytes = os.fstat(file.fileno()).st_size
            video = video or _made(found.external_id, fields, taking)
            if video is None:
                return Moved("under_way", words=ELSEWHERE)
            return Moved("imported", receive_file(file, size_bytes, taking, video=video, is_new=is_new))
    held = _held(found.source, found.external_id, fields, video, taking)
    if held is None:
        return Moved("under_way", video, ELSEWHERE)
    if error := fetch_held(held, taking):
        return _not_fetched(held, error, is_new=is_new)
    return Moved("imported", Video.objects.select_related("project").get(pk=held.video_id))


@atomic
def _made(external_id: str, fields: Mapping[str, Any], taking: Taking) -> Video | None:
    """Make a video, unless another run has made it since we looked: in a project they are made one after the other."""
    hold_project(taking.project.pk)
    if find_moved(taking.project, external_id) is not None:
        return None
    return catalog.create_video(project=taking.project, fields=fields)


@atomic
def _held(
    source_url: str, external_id: str, fields: Mapping[str, Any], video: Video | None, taking: Taking
) -> Import | None:
    """Return the video's import for this process: a new one, or one that was broken off; None while another has it."""
    if video is None:
        video = _made(external_id, fields, taking)
        return None if video is None else begin(source_url, fields, taking, video=video)
    live = Import.objects.filter(video=video, status__in=states.LIVE).first()
    if live is None:
        return begin(source_url, fields, taking, video=video)
    return claim(live, source_url, taking) if live.status == states.WAITING else None


def _not_fetched(held: Import, error: GilfoyleError, *, is_new: bool) -> Moved:
    status, video = look_again(held, is_ours=is_new)
    if status == states.FINISHED and video is not None:  # a worker has brought it to its end for us
        return Moved("imported", video)
    if status in states.LIVE:
        if isinstance(error, StaleWork):
            return Moved("under_way", video, ELSEWHERE)
        return Moved("failed", video, f"{error.message} {LATER}")
    return Moved("failed", video, why_not(held, error))


def _take_chapters(video: Video, found: FoundVideo) -> None:
    if found.chapters and not ChapterList.objects.filter(pk=video.pk, is_from_source=False).exists():
        give_chapters(video=video, chapters=found.chapters)


def _take_captions(
    video: Video, captions: tuple[FoundCaption, ...], config: Config, read_caption: ReadCaption
) -> tuple[int, tuple[str, ...]]:
    """Add what texts the video does not have; returns how many, and why others are still missing."""
    taken, problems, seen = 0, [], set()
    for caption in captions:
        facts = TrackFacts(CAPTIONS if caption.is_for_deaf else SUBTITLES, caption.language, caption.label)
        known_as = (facts.kind, facts.language, _label(facts))
        if known_as in seen:
            problems.append(f"text {_named(caption)}: {SAME_NAME}")
            continue
        seen.add(known_as)
        if _has(video, facts):
            continue
        try:
            data = read_caption(caption, int(config.text.max_size_bytes))
            add_track(video=video, data=data, facts=facts, limits=config.text)
        except OSError as error:
            problems.append(f"text {_named(caption)}: {error.strerror}.")
        except GilfoyleError as error:
            problems.append(f"text {_named(caption)}: {error.message}")
        else:
            taken += 1
    return taken, tuple(problems)


def _has(video: Video, facts: TrackFacts) -> bool:
    uploaded = TextTrack.objects.filter(video=video, source=UPLOADED, kind=facts.kind)
    return uploaded.filter(language=facts.language, label=_label(facts)).exists()


def _label(facts: TrackFacts) -> str:
    return shown_label(facts.label) or name_language(facts.language) or facts.kind.capitalize()


def _named(caption: FoundCaption) -> str:
    return f"{caption.language} ({caption.label})" if caption.label else caption.language


def mark_of(metadata: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Return what a video's metadata says of where it came from; nothing where a consumer has written something else."""
    mark = (metadata or {}).get(MARK)
    return mark if isinstance(mark, Mapping) else {}


@atomic
def _unmark(video_id: str, there: Sequence[str]) -> None:
    video = catalog.locked_video(video_id)
    mark = {name: value for name, value in mark_of(video.metadata).items() if name not in there}
    catalog.edit_video(video=video, fields={"metadata": {**video.metadata, MARK: mark}})


def is_elsewhere(project: Project, external_id: str) -> bool:
    """Tell by our own rows whether another process has a video just now, so that its system need not be asked."""
    video = find_moved(project, external_id)
    if video is None or video.source_upload_id:
        return False
    live = Import.objects.filter(video=video, status__in=states.LIVE).first()
    if live is not None:
        return live.status == states.FETCHING
    receiving = Upload.objects.filter(video=video, status=upload_states.RECEIVING)
    return receiving.exclude(lease_expires_at__lt=timezone.now()).exists()


def free_broken_off() -> None:
    """Give back what processes held that are gone, so that it can be taken up again."""
    services.sweep_imports()
