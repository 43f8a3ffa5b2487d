from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.audio_settings import AudioSettings
from processing.encoding import encode_audio as encode_audio_module
from processing.encoding.encode_audio import encode_audio
from processing.ffmpeg import runner
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
    run_tool("-f", "lavfi", "-i", "sine=d=300:r=48000", "-ac", "1", source)
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
    assert [len(part.segments) for part in parts[:6]] == [1, 1, 2, 4, 8, 8]
    assert 1 <= len(parts[-1].segments) <= 8
    first = start = 0
    for part in parts:
        assert (part.first_segment, part.start_ticks) == (first, start)
        first += len(part.segments)
        start += sum(segment.duration_ticks for segment in part.segments)
    assert abs(start / 48_000 - 300) < 0.05
    assert len({part.init for part in parts}) == 1


BOTH_CODECS_AND_ROOM = ENCODING.model_copy(
    update={"audio": AudioSettings(codecs=("aac", "opus"), surround=True)}
)


def decoded_channels(path: Path, channels: int) -> list[memoryview[float]]:
    """Return the decoded samples of each channel, as 32 bit floating point numbers."""
    raw = memoryview(run_tool("-i", path, "-f", "f32le", "-")).cast("f")
    assert len(raw) % channels == 0
    return [raw[channel::channels] for channel in range(channels)]


def test_opus_and_surround_stand_beside_aac_in_the_same_places(tmp_path: Path) -> None:
    source = tmp_path / "room.mka"
    beep = "if(lt(mod(t,1),0.05),0.8*sin(2*PI*1000*t),0)"
    run_tool(
        "-f", "lavfi", "-i", f"aevalsrc='{beep}|0|{beep}|0|0|0':c=5.1:s=44100:d=2.5", "-c:a", "flac", source
    )
    _, plan = plan_of(source, BOTH_CODECS_AND_ROOM)
    found = []
    for audio in plan.audio:
        work_dir = tmp_path / audio.name
        work_dir.mkdir()
        made = encode_audio(source, plan, audio, work_dir=work_dir, encoding=BOTH_CODECS_AND_ROOM)
        joined = tmp_path / f"{audio.name}.mp4"
        joined.write_bytes(made.init + b"".join(s.path.read_bytes() for s in made.segments))
        assert made.start_ticks == 0
        channels = decoded_channels(joined, audio.channels)
        loud = [max(map(abs, samples)) > 0.2 for samples in channels]
        found.append((audio.name, made.codec, loud))
        beeps = find_beeps(read_sound(joined))
        assert [round(beep) for beep in beeps] == [0, 1, 2]
        assert all(abs(beep - round(beep)) < 0.012 for beep in beeps)
        assert abs(len(channels[0]) / 48_000 - 2.5) < 0.05
    room = [True, False, True, False, False, False]
    assert found == [
        ("a0", "mp4a.40.2", [True, True]),
        ("a1", "opus", [True, True]),
        ("a2", "mp4a.40.2", room),
        ("a3", "opus", room),
    ]


LOUD = "0.99*sin(2*PI*440*t)"


@pytest.mark.parametrize("layout", ["5.1", "5.1(side)", "7.1", "3.0", "quad", "2.1", "22.2"])
def test_no_room_clips_in_stereo_and_the_dialogue_is_heard(layout: str, tmp_path: Path) -> None:
    source = tmp_path / "room.wav"
    count = {"5.1": 6, "5.1(side)": 6, "7.1": 8, "3.0": 3, "quad": 4, "2.1": 3, "22.2": 24}[layout]
    everywhere = "|".join([LOUD] * count)
    run_tool("-f", "lavfi", "-i", f"aevalsrc='{everywhere}':c={layout}:d=0.5", "-c:a", "pcm_s16le", source)
    _, _, joined = encoded(source, tmp_path)
    left, right = decoded_channels(joined, 2)
    # What the encoder adds to a tone is far below what speakers together would add.
    assert 0.6 < max(map(abs, left)) < 1.02
    assert 0.6 < max(map(abs, right)) < 1.02


def test_the_centre_is_heard_on_both_sides(tmp_path: Path) -> None:
    source = tmp_path / "centre.wav"
    run_tool("-f", "lavfi", "-i", f"aevalsrc='0|0|{LOUD}|0|0|0':c=5.1:d=0.5", "-c:a", "pcm_s16le", source)
    left, right = decoded_channels(encoded(source, tmp_path)[2], 2)
    # 1 / (1 + 0.707 + 0.707) of the front, and 3 dB less for the centre (ITU-R BS.775).
    for side in (left, right):
        assert max(map(abs, side[9600:14_400])) == pytest.approx(0.99 * 0.7071 / 2.4142, rel=0.05)


@pytest.mark.parametrize(
    ("arguments", "channels"),
    [
        (("-ac", "1", "-ar", "8000", "-c:a", "pcm_alaw"), 1),
        (("-ac", "1", "-ar", "22050", "-c:a", "pcm_u8"), 1),
        (("-ac", "2", "-ar", "96000", "-c:a", "pcm_s24le"), 2),
        (("-ac", "2", "-ar", "192000", "-c:a", "pcm_f32le"), 2),
    ],
)
def test_any_sample_rate_keeps_its_beeps(arguments: tuple[str, ...], channels: int, tmp_path: Path) -> None:
    source = tmp_path / "a.wav"
    run_tool("-i", make_clip(tmp_path / "a.flac", video=False), *arguments, source)
    plan, rendition, joined = encoded(source, tmp_path)
    assert (plan.audio[0].channels, rendition.timescale) == (channels, 48_000)
    beeps = find_beeps(read_sound(joined))
    assert [round(beep) for beep in beeps] == [0, 1, 2]
    assert all(abs(beep - round(beep)) < 0.015 for beep in beeps)


@pytest.mark.parametrize("channels", [4, 10, 16])
def test_channels_without_names_become_stereo(channels: int, tmp_path: Path) -> None:
    source = tmp_path / "many.mka"
    tones = "|".join([LOUD] * 2 + ["0"] * (channels - 2))
    run_tool("-f", "lavfi", "-i", f"aevalsrc='{tones}':d=0.5", "-c:a", "pcm_s16le", source)
    plan, _, joined = encoded(source, tmp_path)
    assert plan.audio[0].channels == 2
    assert all(max(map(abs, side)) > 0.3 for side in decoded_channels(joined, 2))


def test_a_broken_second_sound_is_left_out_and_a_broken_first_one_replaced(tmp_path: Path) -> None:
    source = tmp_path / "two.mkv"
    good = make_clip(tmp_path / "a.mp4")
    noise = tmp_path / "noise.mp3"
    noise.write_bytes(bytes(10) * 4000)
    run_tool(
        "-i", good, "-f", "s16le", "-ar", "48000", "-ac", "1", "-i", noise, "-map", "0:v", "-map", "1:a", "-map", "0:a",
        "-c:v", "copy", "-c:a:1", "copy", "-c:a:0", "libmp3lame", "-metadata:s:a:1", "language=ger", source,
    )  # fmt: skip
    # The packets of the MP3 become rubbish: Matroska keeps them as they are.
    data = source.read_bytes()
    source.write_bytes(data.replace(b"\xff\xfb", b"\x00\x00"))
    info, plan = plan_of(source)
    assert [(one.codec, one.language) for one in info.audio] == [("aac", "ger")]
    assert [(one.name, one.language) for one in plan.audio] == [("a0", "de")]


def test_the_first_sound_beside_a_picture_that_is_waited_for_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []
    run = runner.run_ffmpeg

    def noting(*arguments: Any, **options: Any) -> str:
        given.append(options["limits"].niceness)
        return run(*arguments, **options)

    monkeypatch.setattr(encode_audio_module, "run_ffmpeg", noting)
    encoded(make_clip(tmp_path / "a.avi", duration_s=1, size=(96, 64)), tmp_path)
    assert given == [5]
