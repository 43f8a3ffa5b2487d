"""Takes a source through all of the engine, as workers do, but in one process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings, RungSettings, UploadSettings
from processing.encoding.encode_audio import encode_audio
from processing.encoding.encode_chunk import encode_chunk
from processing.ladder.planner import plan_encode
from processing.media import EncodedRendition, EncodePlan, MediaInfo
from processing.probing.probe import probe_source

UPLOAD = UploadSettings()
# Two rungs, short segments: all that borders can do wrong shows in three seconds.
ENCODING = EncodingSettings(
    segment_s=1,
    opening_s=1,
    chunk_s=4,
    preset="ultrafast",
    threads=1,
    ladder=(
        RungSettings(width=320, height=180, crf=18, max_bitrate_bps=4_000_000),
        RungSettings(width=160, height=90, crf=18, max_bitrate_bps=4_000_000),
    ),
)
SMALL_CHUNKS = ENCODING.model_copy(update={"chunk_s": 1.0})


@dataclass(frozen=True)
class Whole:
    """All that was made of a source."""

    info: MediaInfo
    plan: EncodePlan
    runs: dict[str, list[EncodedRendition]]

    def inits(self, name: str) -> set[bytes]:
        return {run.init for run in self.runs[name]}

    def join(self, name: str, path: Path) -> Path:
        """Write init and media segments one after the other, as a player appends them."""
        runs = sorted(self.runs[name], key=lambda run: run.first_segment)
        media = b"".join(segment.path.read_bytes() for run in runs for segment in run.segments)
        path.write_bytes(runs[0].init + media)
        return path

    def starts(self, name: str) -> list[int]:
        """Return when each segment starts, in ticks, in order of number."""
        starts = []
        for run in sorted(self.runs[name], key=lambda run: run.first_segment):
            at = run.start_ticks
            for segment in run.segments:
                starts.append(at)
                at += segment.duration_ticks
        return starts


def plan_of(source: Path, encoding: EncodingSettings = ENCODING) -> tuple[MediaInfo, EncodePlan]:
    info = probe_source(source, upload=UPLOAD, encoding=encoding)
    return info, plan_encode(info, encoding=encoding)


def encode_whole(source: Path, folder: Path, encoding: EncodingSettings = SMALL_CHUNKS) -> Whole:
    info, plan = plan_of(source, encoding)
    runs: dict[str, list[EncodedRendition]] = {}
    for chunk in plan.chunks:
        work_dir = folder / f"chunk{chunk.index}"
        work_dir.mkdir(parents=True)
        for run in encode_chunk(source, plan, chunk, work_dir=work_dir, encoding=encoding):
            runs.setdefault(run.name, []).append(run)
    for audio in plan.audio:
        work_dir = folder / audio.name
        work_dir.mkdir(parents=True)
        runs[audio.name] = [encode_audio(source, plan, audio, work_dir=work_dir, encoding=encoding)]
    return Whole(info, plan, runs)
