"""Sound of every kind is as loud as it was asked to be: measured on what was encoded."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.audio_settings import AudioSettings
from processing.encoding.encode_audio import encode_audio
from tests.clips import ffmpeg_path, find_beeps, make_clip, read_sound, run_tool
from tests.processing.whole_encode import ENCODING, plan_of

TARGET_LUFS = -16.0


def normalised(source: Path, folder: Path, **settings: Any) -> Path:
    audio = AudioSettings(loudness_lufs=TARGET_LUFS, **settings)
    encoding = ENCODING.model_copy(update={"audio": audio})
    plan = plan_of(source, encoding)[1]
    work_dir = folder / "work"
    work_dir.mkdir()
    shares: list[float] = []
    made = encode_audio(
        source, plan, plan.audio[-1], work_dir=work_dir, encoding=encoding, on_progress=shares.append
    )
    assert all(0 <= share <= 1 for share in shares)
    joined = folder / "joined.mp4"
    joined.write_bytes(made.init + b"".join(s.path.read_bytes() for s in made.segments))
    return joined


def measure(path: Path) -> tuple[float, float]:
    """Return integrated loudness and true peak, by the meter of EBU R 128."""
    argv = [
        ffmpeg_path(),
        "-hide_banner",
        "-nostats",
        "-i",
        str(path),
        "-af",
        "ebur128=peak=true:dualmono=1",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(argv, capture_output=True, check=True, text=True).stderr.rpartition("Summary:")[2]
    loudness, peak = re.search(r"I:\s+(\S+)", said), re.search(r"True peak:\s+Peak:\s+(\S+)", said)
    assert loudness
    assert peak
    return float(loudness[1]), float(peak[1])


def made(folder: Path, expression: str, *arguments: str, seconds: float = 6) -> Path:
    source = folder / "source.wav"
    run_tool("-f", "lavfi", "-i", f"{expression}:d={seconds}", *arguments, "-c:a", "pcm_s16le", source)
    return source


NOISE = "anoisesrc=color=pink:seed=7:r=44100:a="
# Speech-like: quiet, with a knock each second that stands 18 dB above it.
PEAKS = "aevalsrc='0.09*sin(2*PI*300*t)+if(lt(mod(t,1),0.001),0.7*sin(2*PI*1900*t),0)':s=44100"


@pytest.mark.parametrize(
    ("source", "arguments", "wanted"),
    [
        (NOISE + "0.06", ("-ac", "2"), {}),
        (NOISE + "0.9", ("-ac", "2"), {}),
        (NOISE + "0.05", ("-ac", "1"), {}),
        (NOISE + "0.1", ("-ac", "2"), {"codecs": ("opus",)}),
        (NOISE + "0.5", ("-ac", "6"), {}),
        (NOISE + "0.5", ("-ac", "6"), {"surround": True}),
        (PEAKS, ("-ac", "2"), {}),
    ],
)
def test_it_is_as_loud_as_wanted_and_its_peaks_stay_below_the_limit(
    source: str, arguments: tuple[str, ...], wanted: dict[str, Any], tmp_path: Path
) -> None:
    loudness, true_peak = measure(normalised(made(tmp_path, source, *arguments), tmp_path, **wanted))
    assert abs(loudness - TARGET_LUFS) <= 0.5
    assert true_peak <= -1


def test_silence_stays_silent(tmp_path: Path) -> None:
    joined = normalised(made(tmp_path, "anullsrc=r=48000", seconds=2), tmp_path)
    assert max(map(abs, read_sound(joined))) < 4


def test_a_very_short_sound_is_left_alone(tmp_path: Path) -> None:
    joined = normalised(made(tmp_path, "sine=frequency=500:r=48000", seconds=0.2), tmp_path)
    assert 2000 < max(map(abs, read_sound(joined))) < 6000


def test_a_limited_sound_keeps_its_place(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.flac", video=False)
    quiet = tmp_path / "quiet.flac"
    run_tool("-i", source, "-af", "volume=-6dB", quiet)
    beeps = find_beeps(read_sound(normalised(quiet, tmp_path)))
    assert [round(beep) for beep in beeps] == [0, 1, 2]
    assert all(abs(beep - round(beep)) < 0.012 for beep in beeps)
