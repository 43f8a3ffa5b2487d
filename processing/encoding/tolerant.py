"""Encodes also what of a damaged source can be shown: what is missing is filled with what is near."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import structlog

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.encode_audio import encode_audio
from processing.encoding.encode_chunk import encode_chunk
from processing.encoding.growing_chunk import NOBODY, Listeners
from processing.encoding.parts import OnPart
from processing.errors import EncodeUnverified, SourceRejected, ToolFailed
from processing.media import AudioPlan, Chunk, EncodedRendition, EncodePlan
from processing.probing.damage import find_damage, is_ours, stretch_of_chunk, stretch_of_sound
from processing.source import Source

log = structlog.get_logger(__name__)
Result = TypeVar("Result")


def encode_what_can_be_shown(
    source: Source,
    plan: EncodePlan,
    chunk: Chunk,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
    tell: Listeners = NOBODY,
) -> tuple[EncodedRendition, ...]:
    """Do as `encode_chunk`; where that fails because of the source, let the nearest picture stand for missing ones.

    Where it fails for another reason, `tell.on_unfit` is told of the rungs that are left out (None: it fails).
    `tell.on_parts` gets nothing of what is mended: before that is stored somebody may want to look at the source.
    Raises: SourceRejected where too little is left of the source; what `encode_chunk` raises.
    """

    def encode(chunk: Chunk, folder: Path) -> tuple[EncodedRendition, ...]:
        encoded = encode_chunk(
            source,
            plan,
            chunk,
            work_dir=folder,
            encoding=encoding,
            heartbeat=heartbeat,
            on_progress=on_progress,
            tell=NOBODY if chunk.fills_gaps else Listeners(on_parts=tell.on_parts),
        )
        return tuple(replace(one, is_mended=chunk.fills_gaps) for one in encoded)

    def find() -> SourceRejected | None:
        if plan.video is None:
            return None
        stretch = stretch_of_chunk(plan.video, chunk)
        return find_damage(source, plan, stretch, encoding=encoding, heartbeat=heartbeat)

    try:
        return _encode_or_mend(
            encode, find, as_planned=chunk, mended=with_gaps_filled(chunk), work_dir=work_dir
        )
    except EncodeUnverified:
        if tell.on_unfit is None:
            raise
    folder = work_dir / "without-unfit"
    folder.mkdir()
    return encode_chunk(
        source,
        plan,
        chunk,
        work_dir=folder,
        encoding=encoding,
        heartbeat=heartbeat,
        tell=Listeners(on_unfit=tell.on_unfit),
    )


def encode_what_can_be_heard(
    source: Source,
    plan: EncodePlan,
    audio: AudioPlan,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
    on_progress: Callable[[float], None] = lambda _share: None,
    on_part: OnPart | None = None,
) -> EncodedRendition:
    """Do as `encode_audio`; where that fails because of the source, leave out what is suddenly of another format.

    Raises: SourceRejected where too little is left of the source; what `encode_audio` raises.
    """

    def encode(audio: AudioPlan, folder: Path) -> EncodedRendition:
        encoded = encode_audio(
            source,
            plan,
            audio,
            work_dir=folder,
            encoding=encoding,
            heartbeat=heartbeat,
            on_progress=on_progress,
            on_part=on_part,
        )
        return replace(encoded, is_doubtful=encoded.is_doubtful or audio.skips_changes)

    def find() -> SourceRejected | None:
        stretch = stretch_of_sound(audio)
        return find_damage(source, plan, stretch, encoding=encoding, heartbeat=heartbeat)

    mended = replace(audio, skips_changes=True)
    return _encode_or_mend(encode, find, as_planned=audio, mended=mended, work_dir=work_dir)


Planned = TypeVar("Planned")


def _encode_or_mend(
    encode: Callable[[Planned, Path], Result],
    find: Callable[[], SourceRejected | None],
    *,
    as_planned: Planned,
    mended: Planned,
    work_dir: Path,
) -> Result:
    """Encode as planned; mended only where that has failed and the source is to blame.

    Mending would otherwise hide mistakes of our own from the verification.
    """
    try:
        return encode(as_planned, work_dir)
    except (ToolFailed, EncodeUnverified) as error:
        refusal = None if is_ours(error) else find()
        if refusal is None:
            raise
    log.info("source_is_damaged", words=refusal.message, detail=refusal.facts.get("detail"))
    folder = work_dir / "mended"
    folder.mkdir()
    try:
        return encode(mended, folder)
    except (ToolFailed, EncodeUnverified) as error:
        raise refusal from error


def with_gaps_filled(chunk: Chunk) -> Chunk:
    """Return the chunk as it is made of a damaged source: from its first frame to its last, whatever is missing."""
    frames = chunk.end_frame - chunk.first_frame
    return replace(chunk, fills_gaps=True, hold_frames=chunk.hold_frames + frames)
