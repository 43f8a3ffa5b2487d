"""What the steps do that make pictures: the poster from the source, storyboard and preview from a small rendition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from gilfoyle.lib import storage
from gilfoyle.lib.image_settings import ImagesSettings
from processing.errors import EncodeUnverified
from processing.ffmpeg.image_codecs import SUFFIXES
from processing.images.previews import make_preview
from processing.images.storyboards import make_sheets
from processing.images.thumbnails import make_poster
from processing.images.tiles import choose_rendition, fitted_size, plan_preview, plan_tiles
from processing.jobs import pipeline
from processing.jobs.encryption import cipher_of
from processing.jobs.models import Job
from processing.jobs.services import Record
from processing.jobs.step_context import StepContext
from videos import layout
from videos.catalog import images
from videos.catalog.sealed_pictures import save_picture
from videos.catalog.selectors import list_playable_renditions
from videos.catalog.sources import keep_promised, promise_object
from videos.segment_index import PlayableRendition


def planned_pictures(settings: ImagesSettings) -> tuple[str, ...]:
    """Return which pictures are made of the encoded picture."""
    wanted = {
        pipeline.STORYBOARD: settings.storyboard.enabled,
        pipeline.PREVIEW: settings.preview.enabled,
    }
    return tuple(kind for kind, is_wanted in wanted.items() if is_wanted)


def run_poster(context: StepContext) -> Record:
    """Make the poster in all its formats, and store it."""
    settings = context.config.images
    with context.source() as source:
        made = make_poster(
            source,
            context.plan,
            work_dir=context.work_dir,
            max_px=settings.poster_max_px,
            encoding=context.config.encoding,
            formats=settings.formats,
            at_s=context.job.video.poster_at_s,
            heartbeat=context.heartbeat,
        )
    files = {f"poster.{SUFFIXES[name]}": data for name, data in made.items()}
    return _store(context, "poster", files, {"formats": [SUFFIXES[name] for name in made]})


def run_storyboard(context: StepContext) -> Record:
    """Make the sheets of the storyboard, and store them with what is on them."""
    settings = context.config.images.storyboard
    rendition = _small_rendition(context, settings.tile_px)
    plan = plan_tiles(rendition, settings)
    joined = _fetch(context, rendition, plan.segments)
    sheets = make_sheets(
        joined,
        plan,
        work_dir=context.work_dir,
        encoding=context.config.encoding,
        heartbeat=context.heartbeat,
    )
    files = {f"storyboard-{number:03d}.jpg": data for number, data in enumerate(sheets)}
    return _store(context, "storyboard", files, {"storyboard": plan.storyboard.to_json()})


def run_preview(context: StepContext) -> Record:
    """Make the preview, and store it."""
    settings = context.config.images.preview
    rendition = _small_rendition(context, settings.max_px)
    plan = plan_preview(rendition)
    loop = make_preview(
        _fetch(context, rendition, plan.segments),
        plan,
        size=fitted_size(rendition.width or 2, rendition.height or 2, settings.max_px),
        settings=settings,
        work_dir=context.work_dir,
        encoding=context.config.encoding,
        heartbeat=context.heartbeat,
    )
    return _store(context, "preview", {"preview.webp": loop}, {"formats": ["webp"]})


def _small_rendition(context: StepContext, px: int) -> PlayableRendition:
    rungs = context.plan.video.rungs if context.plan.video else ()
    names = {rung.name for rung in rungs}
    made = list_playable_renditions(context.job.video_id, context.job.revision)
    found = choose_rendition([one for one in made if one.name in names], px)
    if found is None:
        message = "There is no rendition to take pictures from."
        raise EncodeUnverified(message)
    return found


def _fetch(context: StepContext, rendition: PlayableRendition, numbers: Iterable[int]) -> Path:
    """Write the init segment and some segments of a rendition into one file, as a player appends them."""
    folder = context.folder(rendition.name)
    joined = context.work_dir / "rendition.mp4"
    cipher = cipher_of(context.job)
    with joined.open("wb") as file:
        file.write(_read(layout.init_name(folder)))
        for number in numbers:
            context.heartbeat()
            data = _read(layout.segment_name(folder, number))
            file.write(
                cipher.decrypt(data, rendition=rendition.name, number=number) if cipher is not None else data
            )
    return joined


def _read(name: str) -> bytes:
    with storage.open_stored(name) as stored:
        return stored.read()


def _store(context: StepContext, kind: str, files: Mapping[str, bytes], facts: Mapping[str, Any]) -> Record:
    folder, cipher = context.image_folder(kind), cipher_of(context.job)
    # Should this worker die before they are recorded, the sweep knows of them.
    promise_object(f"{folder}/", video_id=context.job.video_id)
    for name, data in files.items():
        context.heartbeat()
        save_picture(f"{folder}/{name}", data, cipher)
    size_bytes = sum(map(len, files.values()))
    version = context.step.attempt
    return partial(_record, folder=folder, kind=kind, version=version, size_bytes=size_bytes, facts=facts)


def _record(
    job: Job, *, folder: str, kind: str, version: int, size_bytes: int, facts: Mapping[str, Any]
) -> None:
    keep_promised(f"{folder}/")
    images.add_image_set(
        video_id=job.video_id,
        revision=job.revision,
        kind=kind,
        version=version,
        size_bytes=size_bytes,
        facts=facts,
    )
