"""Picture and sound stand together in what was made as they did in the source: within one frame, always."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from gilfoyle.lib.audio_settings import AudioSettings
from gilfoyle.lib.config import RungSettings
from processing.encoding.together import measure_offset
from tests.av_offset import measure_offsets
from tests.clips import QUICK_H264, make_clip, run_tool
from tests.lengths import length
from tests.processing.sources import clip, edit_list, late_audio, late_video, starting_at_ten, wrapping_ts
from tests.processing.whole_encode import SMALL_CHUNKS, Whole, encode_whole
from videos.segment_index import SegmentIndex, SegmentRun, merge_runs

BOTH_CODECS = SMALL_CHUNKS.model_copy(
    update={
        "audio": AudioSettings(codecs=("aac", "opus")),
        "ladder": (RungSettings(width=160, height=90, crf=23, max_bitrate_bps=1_000_000),),
    }
)
SMALL = {"size": (160, 90)}
LONG_S = length(300, 900)


def dropping_the_beginning_of_the_picture(folder: Path) -> Path:
    """Make sound that begins half a second before the picture, both with their beeps and flashes together."""
    whole = make_clip(folder / "whole.mkv", **SMALL, duration_s=4)  # type: ignore[arg-type]
    source = folder / "early.mkv"
    picture = ("-i", whole, "-vf", "trim=start=0.5", "-fps_mode", "passthrough", *QUICK_H264)
    run_tool(*picture, "-c:a", "copy", "-copyts", source)
    return source


# what it is -> how it is made, and by how much its sound is later than its picture
SOURCES: dict[str, tuple[Callable[[Path], Path], float]] = {
    "AAC priming in MP4": (clip("a.mp4", **SMALL), 0),
    "44.1 kHz": (clip("a.mp4", **SMALL, output_args=("-ar", "44100")), 0),
    "29.97": (clip("a.mp4", **SMALL, fps="30000/1001"), 0),
    "23.976 in Matroska": (clip("a.mkv", **SMALL, fps="24000/1001"), 0),
    "MPEG-TS": (clip("a.ts", **SMALL), 0),
    "MPEG-TS that wraps": (wrapping_ts, 0),
    "Opus in WebM": (clip("a.webm", **SMALL), 0),
    "MP3 in AVI": (clip("a.avi", **SMALL, fps="25"), 0),
    "FLV": (clip("a.flv", **SMALL), 0),
    "beginning at ten seconds": (starting_at_ten, 0),
    "edit list": (edit_list, 0),
    "late audio": (late_audio, -0.3),  # 0.7 s late: the next flash is nearer
    "early audio": (late_video, -0.4),
    "sound before the picture": (dropping_the_beginning_of_the_picture, 0),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_sound_stands_where_it_stood_within_one_frame(kind: str, tmp_path: Path) -> None:
    make, wanted_s = SOURCES[kind]
    whole = encode_whole(make(tmp_path), tmp_path / "work", BOTH_CODECS)
    assert whole.plan.video is not None
    frame_s = 1 / whole.plan.video.frame_rate
    picture = whole.join("v90", tmp_path / "v.mp4")
    for sound in whole.plan.audio:
        offsets = measure_offsets(picture, whole.join(sound.name, tmp_path / f"{sound.name}.mp4"))
        assert len(offsets) >= 2, sound.codec
        assert all(abs(offset - wanted_s) <= frame_s for offset in offsets), (sound.codec, offsets)
        told = measure_offset(index_of(whole, "v90"), index_of(whole, sound.name))
        assert told.problems(frame_s=frame_s) == ()


def index_of(whole: Whole, name: str) -> SegmentIndex:
    runs = whole.runs[name]
    return merge_runs(
        runs[0].timescale,
        [
            SegmentRun(
                run.first_segment,
                run.start_ticks,
                tuple(segment.duration_ticks for segment in run.segments),
                tuple(segment.size_bytes for segment in run.segments),
            )
            for run in runs
        ],
    )


@pytest.mark.whole
@pytest.mark.long
@pytest.mark.timeout(900)  # long sound, made and read twice
def test_a_long_video_does_not_drift(tmp_path: Path) -> None:
    silent = make_clip(tmp_path / "silent.mp4", duration_s=LONG_S, size=(64, 36), fps="2", audio=False)
    source = tmp_path / "source.mp4"
    # 11,025 Hz: no whole number of these samples is a packet, a segment or a frame of the output.
    tone = f"aevalsrc='if(lt(mod(t,1),0.05),0.8*sin(2*PI*1000*t),0)':s=11025:d={LONG_S}"
    run_tool("-i", silent, "-f", "lavfi", "-i", tone, "-c:v", "copy", "-c:a", "aac", "-b:a", "32k", source)
    encoding = BOTH_CODECS.model_copy(update={"audio": AudioSettings(), "chunk_s": 600.0, "segment_s": 10.0})
    whole = encode_whole(source, tmp_path / "work", encoding)
    picture, sound = whole.join("v36", tmp_path / "v.mp4"), whole.join("a0", tmp_path / "a.mp4")
    for window in ((0, 5), (LONG_S / 2 - 5, LONG_S / 2), (LONG_S - 6, LONG_S - 1)):
        offsets = measure_offsets(picture, sound, within_s=window)
        assert len(offsets) >= 4
        # The first beep has no silence before it to stand out against.
        assert all(abs(offset) <= 0.005 for offset in offsets[1:]), (window, offsets)
    told = measure_offset(index_of(whole, "v36"), index_of(whole, "a0"))
    assert told.problems(frame_s=Fraction(1, 30)) == ()
