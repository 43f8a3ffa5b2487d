"""Reads the subtitles inside a source, all of them in one run; what can't be read is left out and fails nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings
from processing.errors import ToolFailed
from processing.ffmpeg.budget import plan_budget
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.formats import CAPTIONS_IN_PICTURE
from processing.ffmpeg.runner import Files, run_ffmpeg
from processing.ffmpeg.text_commands import picture_captions_argv, text_argv
from processing.media import EncodePlan, TextPlan
from processing.source import Source
from processing.text.telemetry import is_telemetry
from videos.errors import TrackEmpty, TrackRejected, TrackTooLarge
from videos.tracks.cleaning import clean_cues
from videos.tracks.cues import Cue, FoundCue
from videos.tracks.webvtt import parse_webvtt

MAX_FILE_BYTES = 8 * 1024 * 1024  # of text as ffmpeg writes it
TEXT_BITRATE_BPS = 1_000
GIVES_WAY = 10  # pictures and sound are wanted before
UNREADABLE, EMPTY, TOO_LARGE, TELEMETRY = "unreadable", "empty", "too_large", "telemetry"


@dataclass(frozen=True, slots=True)
class ExtractedText:
    """One text of a source: its clean cues, or why it was left out."""

    plan: TextPlan
    cues: tuple[Cue, ...] = ()
    left_out: str = ""


def extract_text(
    source: Source,
    plan: EncodePlan,
    *,
    work_dir: Path,
    encoding: EncodingSettings,
    heartbeat: Callable[[], None] = lambda: None,
) -> tuple[ExtractedText, ...]:
    """Return every planned text, on the clock of what is played.

    Raises: ToolMissing; whatever `heartbeat` raises.
    """
    budget = plan_budget(
        duration_s=float(plan.duration_s),
        bitrate_bps=TEXT_BITRATE_BPS,
        memory_bytes=encoding.max_memory_bytes,
        niceness=GIVES_WAY,
    )
    ffmpeg = usable_ffmpeg(encoding.ffmpeg)
    targets = {text: work_dir / f"text-{number}.vtt" for number, text in enumerate(plan.text)}

    def run(texts: Sequence[TextPlan]) -> bool:
        files = [targets[text] for text in texts]
        if texts[0].codec == CAPTIONS_IN_PICTURE:
            argv = picture_captions_argv(ffmpeg, source, plan, texts[0], target=files[0])
        else:
            argv = text_argv(ffmpeg, source, plan, texts, targets=files, encoding=encoding)
        try:
            run_ffmpeg(
                argv,
                files=Files(reads=(source,), writes=(work_dir,)),
                limits=budget.limits,
                time_limit_s=budget.time_limit_s,
                heartbeat=heartbeat,
            )
        except ToolFailed:
            return False
        return True

    in_streams = [text for text in plan.text if text.codec != CAPTIONS_IN_PICTURE]
    in_picture = [text for text in plan.text if text.codec == CAPTIONS_IN_PICTURE]
    # One that breaks the run of all is found by running each alone.
    are_well = bool(in_streams) and run(in_streams)
    read = [text for text in in_streams if are_well or (len(in_streams) > 1 and run([text]))]
    read += [text for text in in_picture if run([text])]
    return tuple(
        _clean(text, targets[text]) if text in read else ExtractedText(text, left_out=UNREADABLE)
        for text in plan.text
    )


def _clean(text: TextPlan, written: Path) -> ExtractedText:
    """Return what ffmpeg wrote, as it may be shown."""
    if not written.exists():
        return ExtractedText(text, left_out=EMPTY)
    if written.stat().st_size > MAX_FILE_BYTES:
        return ExtractedText(text, left_out=TOO_LARGE)
    found = parse_webvtt(written.read_text(encoding="utf-8", errors="replace").replace("\r", ""))
    try:
        cues = clean_cues(map(_plain, found), shift_ms=-round(text.zero_s * 1000))
    except TrackTooLarge:
        return ExtractedText(text, left_out=TOO_LARGE)
    except TrackEmpty:
        return ExtractedText(text, left_out=EMPTY)
    except TrackRejected:
        return ExtractedText(text, left_out=UNREADABLE)
    return ExtractedText(text, left_out=TELEMETRY) if is_telemetry(cues) else ExtractedText(text, cues)


def _plain(cue: FoundCue) -> FoundCue:
    r"""Return a cue without `\h`, SubStation's hard space, the one of its marks that ffmpeg leaves in a text."""
    return FoundCue(cue.start_ms, cue.end_ms, cue.text.replace("\\h", " "), cue.settings)
