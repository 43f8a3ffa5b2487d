"""Encodes the sound of the whole source at once: cut by chunks it would have a gap at each border."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.parts import OnPart, Parts
from processing.encoding.verify import require_planned_sound, require_planned_sound_init
from processing.errors import EncodeUnverified
from processing.ffmpeg.budget import niceness_of_sound, plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import audio_argv, loudness_argv
from processing.ffmpeg.loudness import UNCHANGED, parse_loudness, plan_level
from processing.ffmpeg.progress import Progress
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.ffmpeg.sound_codecs import ENCODERS
from processing.ladder.codec_strings import SOUND
from processing.media import AudioPlan, EncodedRendition, EncodePlan
from processing.packaging.boxes import MalformedBox
from processing.packaging.fragments import read_init
from processing.packaging.opus import without_pre_skip
from processing.packaging.split import AudioRegrouper, SplitSegment
from processing.probing.damage import speaks_of_damage
from processing.source import Source

SIZES = (
    1,
    1,
    2,
    4,
    8,
)  # segments a part: the first makes it play, and the others are there before they are needed
METERING_SHARE = 0.15  # of the work


def encode_audio(
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
    """Encode one of the plan's sounds into `work_dir` (the caller's to remove; nothing in it is named like the rendition); return what `on_part` was not given.

    `heartbeat` is called about ten times a second and may raise to stop; `on_progress` gets the share done, 0 to 1.
    `on_part` gets the segments while the rest is being encoded, always cut at the same places.
    Raises: ToolFailed, ToolTimedOut, ToolMissing, EncodeUnverified; whatever `heartbeat` and `on_part` raise.
    """
    duration_s = float(audio.duration_s)
    encoded = work_dir / f"{audio.name}.mp4"
    budget = plan_budget(
        duration_s=duration_s,
        bitrate_bps=audio.bitrate_bps,
        memory_bytes=encoding.max_memory_bytes,
        niceness=niceness_of_sound(plan, audio),
    )
    growing = _Growing(audio, encoded, folder=work_dir / audio.name, on_part=on_part)

    def beat() -> None:
        heartbeat()
        growing.read_more()

    def report(progress: Progress) -> None:
        share = min(1.0, progress.out_time_s / duration_s)
        on_progress(share if audio.loudness_lufs is None else METERING_SHARE + (1 - METERING_SHARE) * share)

    ffmpeg = usable_ffmpeg(encoding.ffmpeg, encoders={ENCODERS[audio.codec]})
    level = UNCHANGED
    if audio.loudness_lufs is not None:
        said = run_ffmpeg(
            loudness_argv(ffmpeg, source, plan, audio, encoding=encoding),
            files=Files(reads=(source,)),
            limits=budget.limits,
            time_limit_s=budget.time_limit_s,
            heartbeat=heartbeat,
            on_progress=lambda done: on_progress(METERING_SHARE * min(1.0, done.out_time_s / duration_s)),
        )
        level = plan_level(parse_loudness(said), audio.loudness_lufs)
    said = run_ffmpeg(
        audio_argv(ffmpeg, source, plan, audio, target=encoded, encoding=encoding, level=level),
        files=Files(reads=(source,), writes=(work_dir,)),
        limits=budget.limits,
        time_limit_s=budget.time_limit_s,
        heartbeat=beat if on_part else heartbeat,
        on_progress=report,
    )
    rest = growing.finish()
    encoded.unlink()  # its bytes now stand in the segments
    return replace(rest, is_doubtful=speaks_of_damage(said, has_sought=False))


class _Growing:
    """The sound's segments as they come, verified before they are handed over."""

    def __init__(self, audio: AudioPlan, encoded: Path, *, folder: Path, on_part: OnPart | None) -> None:
        folder.mkdir()
        self._audio = audio
        segment_count = math.ceil(audio.duration_s / audio.segment_s)
        self._parts = Parts(
            name=audio.name,
            timescale=audio.timescale,
            sizes=SIZES,
            on_part=on_part,
            codec=SOUND[audio.codec],
            at_least=segment_count - 1,  # what is shorter than a packet may fall to the one before
        )
        self._regrouper = AudioRegrouper(
            encoded,
            folder=folder,
            segment_ticks=audio.segment_s * audio.timescale,
            segment_count=segment_count,
        )

    def read_more(self) -> None:
        """Give away the parts that are whole by now. Raises: EncodeUnverified; whatever `on_part` raises."""
        with _verified():
            segments = self._regrouper.read_more()
        self._add(segments)

    def finish(self) -> EncodedRendition:
        """Return what is left, once the sound has the planned length. Raises: EncodeUnverified."""
        with _verified():
            segments = self._regrouper.finish()
        fragments = [segment.fragment for segment in (*self._parts.waiting, *segments)]
        require_planned_sound(fragments, self._audio, begins_at=self._parts.begins_at)
        self._add(segments)
        return self._parts.rest()

    def _add(self, segments: Sequence[SplitSegment]) -> None:
        if segments and not self._parts.init:
            with _verified():
                init = self._init()
                require_planned_sound_init(read_init(init), self._audio)
            self._parts.init = init
        self._parts.add(segments)

    def _init(self) -> bytes:
        init = self._regrouper.init
        return without_pre_skip(init) if self._audio.codec == "opus" else init


@contextmanager
def _verified() -> Iterator[None]:
    try:
        yield
    except MalformedBox as error:
        message = f"The encoded sound can't be read: {error}."
        raise EncodeUnverified(message) from error
