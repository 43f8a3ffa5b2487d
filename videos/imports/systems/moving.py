"""Imports one video of another system: its source, then its chapters and texts. What is there already is told by its old id.

The old id is `external_id`, as it is. In the metadata there is a mark while texts are missing, so that a later run
takes them, and needs to ask nothing about all others.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.transactions import atomic
from videos.access.models import Project
from videos.catalog import services as catalog
from videos.catalog import states as video_states
from videos.catalog.models import Video
from videos.catalog.serializers import VideoInputSerializer
from videos.chapters.models import ChapterList
from videos.chapters.services import give_chapters
from videos.errors import UploadInProgress
from videos.imports import services, states
from videos.imports.models import Import
from videos.imports.remotes import find_remote
from videos.imports.systems.found import MARK, MISSING, AnswerUnusable, FoundCaption, FoundVideo
from videos.imports.taking import LATER, Taking, begin, claim, fetch_held, receive_file
from videos.tracks.models import CAPTIONS, SUBTITLES, UPLOADED, TextTrack
from videos.tracks.services import TrackFacts, add_track, name_language, shown_label
from videos.uploads.services import require_room

Outcome = Literal["imported", "present", "under_way", "failed"]
ReadCaption = Callable[[FoundCaption, int], bytes]  # a text of so many bytes at most
FAILED_BEFORE = "It was imported before, and could not be processed:"


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
    return bool(video.source_upload_id) and not _mark(video).get(MISSING)


def tell_present(video: Video) -> Moved:
    """Tell of a video that is there, unless it could not be processed."""
    if video.status == video_states.FAILED:
        return Moved("failed", video, f"{FAILED_BEFORE} {video.failure_message}")
    return Moved("present", video)


def look_at(found: FoundVideo, taking: Taking) -> Moved:
    """Tell how `move` would end, as far as can be told without asking for the file; nothing is written."""
    video = find_moved(taking.project, found.external_id)
    try:
        checked_fields(found)
        if isinstance(found.source, Path):
            require_room(length_bytes=found.source.stat().st_size, config=taking.config)
        else:
            find_remote(found.source, config=taking.config, project_name=taking.project.name)
    except OSError as error:
        return Moved("failed", video, f"{error.strerror}.")
    except GilfoyleError as error:
        return Moved("failed", video, f"{error.message} {error.hint}".strip())
    return Moved("present" if video is not None and video.source_upload_id else "imported", video)


def move(found: FoundVideo, taking: Taking, read_caption: ReadCaption) -> Moved:
    """Import a video, or what is missing of it."""
    try:
        fields = checked_fields(found)
        video = find_moved(taking.project, found.external_id)
        is_there = video is not None and bool(video.source_upload_id)
        if video is None or not is_there:
            outcome = _arrive(found, fields, video, taking)
            if isinstance(outcome, Moved):
                return outcome
            video = outcome
    except UploadInProgress as error:
        return Moved("under_way", words=error.message)
    except OSError as error:
        return Moved("failed", words=f"{error.strerror}.")
    except GilfoyleError as error:
        return Moved("failed", words=f"{error.message} {error.hint}".strip())
    told = tell_present(video) if is_there else Moved("imported", video)
    if told.outcome == "failed" or not _mark(video).get(MISSING):
        return told
    taken, problems = _take_captions(video, found.captions, taking.config, read_caption)
    if not problems:
        _unmark(video.pk)
    return Moved(told.outcome, video, captions=taken, problems=problems)


def checked_fields(found: FoundVideo) -> dict[str, Any]:
    """Return the fields of the video to make, by the API's own rules.

    Raises: AnswerUnusable.
    """
    metadata = dict(found.metadata or {})
    if found.captions:
        metadata[MARK] = {**metadata.get(MARK, {}), MISSING: True}
    given = {
        "title": found.title,
        "description": found.description,
        "external_id": found.external_id,
        "creator_id": found.creator_id,
        "metadata": metadata,
    }
    checked = VideoInputSerializer(data=given)
    if not checked.is_valid():
        told = (f"{name}: {' '.join(map(str, words))}" for name, words in checked.errors.items())
        raise AnswerUnusable(" ".join(told))
    return dict(checked.validated_data)


def _arrive(
    found: FoundVideo, fields: Mapping[str, Any], video: Video | None, taking: Taking
) -> Video | Moved:
    """Bring a video's source; returns the video that has it, or how it ended else."""
    if isinstance(found.source, Path):
        with found.source.open("rb") as file:
            size_bytes = os.fstat(file.fileno()).st_size
            video = receive_file(file, size_bytes, taking, fields=fields, video=video)
    else:
        held = _held(found.source, fields, video, taking)
        if held is None:
            return Moved("under_way", video, "It is being fetched by another process.")
        if error := fetch_held(held, taking):
            return _not_fetched(held, error)
        video = Video.objects.select_related("project").get(pk=held.video_id)
    _take_chapters(video, found)
    return video


def _held(source_url: str, fields: Mapping[str, Any], video: Video | None, taking: Taking) -> Import | None:
    """Return the video's import for this process: a new one, or one that was broken off; None while another has it."""
    if video is None:
        return begin(source_url, fields, taking)
    live = Import.objects.filter(video=video, status__in=states.LIVE).first()
    if live is None:
        return begin(source_url, fields, taking, video=video)
    return claim(live, source_url, taking) if live.status == states.WAITING else None


def _not_fetched(held: Import, error: GilfoyleError) -> Moved:
    held.refresh_from_db()
    if held.status in states.LIVE:
        return Moved("failed", held.video, f"{error.message} {LATER}")
    with suppress(GilfoyleError):
        catalog.delete_video(video=held.video)  # nobody has seen it, and the reason is told here
    return Moved("failed", words=f"{error.message} {error.hint}".strip())


def _take_chapters(video: Video, found: FoundVideo) -> None:
    if found.chapters and not ChapterList.objects.filter(pk=video.pk).exists():
        give_chapters(video=video, chapters=found.chapters)


def _take_captions(
    video: Video, captions: tuple[FoundCaption, ...], config: Config, read_caption: ReadCaption
) -> tuple[int, tuple[str, ...]]:
    """Add what texts the video does not have; returns how many, and why others are still missing."""
    taken, problems = 0, []
    for caption in captions:
        facts = TrackFacts(CAPTIONS if caption.is_for_deaf else SUBTITLES, caption.language, caption.label)
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
    label = shown_label(facts.label) or name_language(facts.language) or facts.kind.capitalize()
    uploaded = TextTrack.objects.filter(video=video, source=UPLOADED, kind=facts.kind)
    return uploaded.filter(language=facts.language, label=label).exists()


def _named(caption: FoundCaption) -> str:
    return f"{caption.language} ({caption.label})" if caption.label else caption.language


def _mark(video: Video) -> Mapping[str, Any]:
    mark = video.metadata.get(MARK)
    return mark if isinstance(mark, Mapping) else {}


@atomic
def _unmark(video_id: str) -> None:
    video = catalog.locked_video(video_id)
    mark = {name: value for name, value in _mark(video).items() if name != MISSING}
    catalog.edit_video(video=video, fields={"metadata": {**video.metadata, MARK: mark}})


def free_broken_off() -> None:
    """Give back what processes held that are gone, so that it can be taken up again."""
    services.sweep_imports()
