from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from processing.encoding.encode_audio import encode_audio
from processing.media import EncodedRendition, EncodePlan
from tests.clips import find_beeps, make_clip, read_numbers, read_sound, run_tool
from tests.processing.sources import SOUNDS
from tests.processing.whole_encode import ENCODING, encode_whole, plan_of

PACKET = Fraction(1024, 48_000)


def encoded(source: Path, folder: Path) -> tuple[EncodePlan, EncodedRendition, Path]:
    plan = plan_of(source)[1]
    work_dir = folder / "work"
    work_dir.mkdir()
    rendition = encode_audio(source, plan, plan.audio[0], work_dir=work_dir, encoding=ENCODING)
    joined = folder / "joined.mp4"
    joined.write_bytes(rendition.init + b"".join(s.path.read_bytes() for s in rendition.segments))
    return plan, rendition, joined


@pytest.mark.parametrize("kind", ["M4A", "MP3"])
def test_every_kind_of_sound_keeps_its_beeps_in_their_places(kind: str, tmp_path: Path) -> None:
    plan, rendition, joined = encoded(SOUNDS[kind](tmp_path), tmp_path)
    assert (rendition.codec, rendition.timescale, rendition.start_ticks) == ("mp4a.40.2", 48_000, 0)
    length = Fraction(sum(segment.duration_ticks for segment in rendition.segments), 48_000)
    assert abs(length - plan.duration_s) <= 2 * PACKET
    # Beeps at 0, 1 and 2 seconds; the formats' own delays are within 30 ms.
    beeps = find_beeps(read_sound(joined))
    assert [round(beep) for beep in beeps] == [0, 1, 2]
    assert all(abs(beep - round(beep)) < 0.03 for beep in beeps)


def test_sound_segments_begin_with_the_pictures(tmp_path: Path) -> None:
    whole = encode_whole(make_clip(tmp_path / "a.mp4", duration_s=5, fps="30000/1001"), tmp_path / "work")
    assert whole.plan.video is not None
    pictures = [Fraction(t, whole.plan.video.timescale) for t in whole.starts("v180")]
    sounds = [Fraction(t, 48_000) for t in whole.starts("a0")]
    assert len(sounds) == len(pictures)
    assert all(abs(a - b) <= PACKET / 2 for a, b in zip(sounds, pictures, strict=True))


def test_sound_that_ends_early_is_filled_with_silence(tmp_path: Path) -> None:
    short = make_clip(tmp_path / "sound.m4a", video=False, duration_s=1)
    silent = make_clip(tmp_path / "picture.mp4", audio=False, duration_s=3)
    source = tmp_path / "both.mp4"
    run_tool("-i", silent, "-i", short, "-map", "0:v", "-map", "1:a", "-c", "copy", source)
    _, _, joined = encoded(source, tmp_path)
    sound = read_sound(joined)
    assert abs(len(sound) / 48_000 - 3) < 0.05
    assert max(map(abs, sound[72_000:])) < 20


def test_sound_that_goes_on_keeps_the_last_picture_up(tmp_path: Path) -> None:
    long = make_clip(tmp_path / "sound.m4a", video=False, duration_s=4)
    short = make_clip(tmp_path / "picture.mp4", audio=False, duration_s=1)
    source = tmp_path / "both.mp4"
    run_tool("-i", short, "-i", long, "-map", "0:v", "-map", "1:a", "-c", "copy", source)
    whole = encode_whole(source, tmp_path / "work")
    numbers = read_numbers(whole.join("v180", tmp_path / "v.mp4"))
    assert numbers == [*range(30), *[29] * 90]
    assert abs(len(read_sound(whole.join("a0", tmp_path / "a.mp4"))) / 48_000 - 4) < 0.05


def test_mono_stays_mono(tmp_path: Path) -> None:
    source = tmp_path / "mono.wav"
    run_tool("-f", "lavfi", "-i", "sine=d=1:r=44100", "-ac", "1", source)
    plan, rendition, _ = encoded(source, tmp_path)
    assert plan.audio[0].channels == 1
    assert rendition.segments


def test_sound_is_handed_over_while_the_rest_is_encoded(tmp_path: Path) -> None:
    source = tmp_path / "long.wav"
    run_tool("-f", "lavfi", "-i", "sine=d=1500:r=48000", "-ac", "1", source)
    plan = plan_of(source)[1]
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    shares: list[float] = [0.0]
    parts: list[EncodedRendition] = []
    came_at: list[float] = []

    def take(part: EncodedRendition) -> None:
        came_at.append(shares[-1])
        parts.append(part)

    parts.append(
        encode_audio(
            source,
            plan,
            plan.audio[0],
            work_dir=work_dir,
            encoding=ENCODING,
            on_progress=shares.append,
            on_part=take,
        )
    )
    assert came_at[0] < 0.9
    assert [len(part.segments) for part in parts[:3]] == [2, 8, 8]
    assert 1 <= len(parts[-1].segments) <= 8
    first = start = 0
    for part in parts:
        assert (part.first_segment, part.start_ticks) == (first, start)
        first += len(part.segments)
        start += sum(segment.duration_ticks for segment in part.segments)
    assert abs(start / 48_000 - 1500) < 0.05
    assert len({part.init for part in parts}) == 1
