from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from processing.media import MediaInfo, TextStream, VideoStream
from processing.probing.parse import parse_probe

FRAME = {
    "width": 640,
    "height": 360,
    "rotation": 0,
    "pixel_format": "yuv420p",
    "is_interlaced": False,
    "transfer": 1,
    "matrix": 1,
    "primaries": 1,
    "is_dolby_vision": False,
}
PICTURE: dict[str, Any] = {
    "decodes": True,
    "index": 0,
    "codec": "h264",
    "time_base": "1/90000",
    "average_rate": "25",
    "sample_aspect": "1",
    "transfer": 0,
    "tag": "avc1",
    "field_order": 1,
    "has_alpha_beside": False,
    "first": 900,
    "last": 900 + 99 * 3600,
    "last_duration": 3600,
    "count": 100,
    "steps": [[3600, 99]],
    "keys": [900, 900 + 90_000],
    "frame": FRAME,
}
SOUND: dict[str, Any] = {
    "decodes": True,
    "index": 1,
    "codec": "aac",
    "time_base": "1/48000",
    "channels": 2,
    "sample_rate": 44_100,
    "language": "deu",
    "first": -1024,
    "end": 480_000,
    "layout": "stereo",
    "dispositions": [],
}


def parsed(**parts: Any) -> MediaInfo:
    return parse_probe({"streams": [], **parts}, container="mp4", size_bytes=5)


def picture(**changes: Any) -> VideoStream:
    video = parsed(video={**PICTURE, **changes}).video
    assert video is not None
    return video


def test_it_reads_a_picture() -> None:
    video = picture()
    assert (video.first_s, video.end_s) == (Fraction(1, 100), Fraction(401, 100))
    assert (video.declared_rate, video.median_step_s, video.is_constant_rate) == (
        Fraction(25),
        Fraction(1, 25),
        True,
    )
    assert video.key_times_s == (Fraction(1, 100), Fraction(101, 100))
    assert (video.width, video.height, video.has_known_matrix) == (640, 360, True)


def test_it_reads_sound() -> None:
    (audio,) = parsed(audio=[SOUND]).audio
    assert (audio.first_s, audio.end_s) == (Fraction(-1024, 48_000), Fraction(10))
    assert (audio.channels, audio.sample_rate_hz, audio.language) == (2, 44_100, "deu")
    assert (audio.layout, audio.role) == ("stereo", "main")


def test_a_stream_that_could_not_be_decoded_is_left_out() -> None:
    info = parsed(video={**PICTURE, "decodes": False}, audio=[{"decodes": False}, {**SOUND, "index": 4}])
    assert info.video is None
    assert [sound.index for sound in info.audio] == [4]


def test_it_tells_what_a_sound_is_for() -> None:
    told = [["comment", "default"], ["visual_impaired"], ["descriptions"], ["dub"]]
    sounds = parsed(audio=[{**SOUND, "dispositions": names} for names in told]).audio
    assert [sound.role for sound in sounds] == ["commentary", "description", "description", "main"]


def test_it_reads_what_subtitles_there_are() -> None:
    subtitles = {
        "index": 2,
        "type": "subtitle",
        "codec": "subrip",
        "language": "eng",
        "dispositions": ["forced"],
    }
    unknown = {**subtitles, "index": 3, "codec": "", "dispositions": ["hearing_impaired", "default"]}
    info = parsed(
        streams=[{"type": "video"}, subtitles, unknown],
        video={**PICTURE, "frame": {**FRAME, "has_captions": True}},
    )
    assert info.text == (
        TextStream(2, "subrip", "eng", is_forced=True, is_for_deaf=False),
        TextStream(3, "unknown", "eng", is_forced=False, is_for_deaf=True),
        TextStream(0, "eia_608", "", is_forced=False, is_for_deaf=True),
    )
    assert parsed(video=PICTURE).text == ()


def test_an_unknown_language_is_undetermined() -> None:
    (audio,) = parsed(audio=[{**SOUND, "language": "<b>"}]).audio
    assert audio.language == "und"


def test_uneven_steps_are_a_variable_rate() -> None:
    video = picture(steps=[[3000, 50], [6000, 48]])
    assert not video.is_constant_rate
    assert video.median_step_s == Fraction(3000, 90_000)


def test_steps_of_a_coarse_clock_are_one_rate() -> None:
    video = picture(time_base="1/1000", steps=[[33, 66], [34, 33]], first=0, last=3300)
    assert video.is_constant_rate


def test_quarter_turns_are_clockwise_and_other_angles_none() -> None:
    assert picture(frame={**FRAME, "rotation": -90}).rotation == 90
    assert picture(frame={**FRAME, "rotation": 90}).rotation == 270
    assert picture(frame={**FRAME, "rotation": 180}).rotation == 180
    assert picture(frame={**FRAME, "rotation": 37}).rotation == 0


def test_absurd_aspects_are_taken_for_square() -> None:
    assert picture(sample_aspect="1/900").sample_aspect == 1
    assert picture(sample_aspect="16/15").sample_aspect == Fraction(16, 15)


def test_hdr_is_told_by_the_frame_or_by_its_container() -> None:
    assert picture(frame={**FRAME, "primaries": 9}).primaries == "bt2020"
    assert picture().primaries == ""
    assert picture(frame={**FRAME, "transfer": 16}).transfer == "smpte2084"
    assert picture(frame={**FRAME, "transfer": 0}, transfer=18).transfer == "arib-std-b67"
    assert picture().transfer == ""


def test_a_single_frame_lasts_as_its_packet_says_or_as_its_rate_says() -> None:
    single = {"count": 1, "steps": [], "last": 900, "keys": [900]}
    assert picture(**single, last_duration=9000).end_s == Fraction(9900, 90_000)
    assert picture(**single, last_duration=0).end_s == Fraction(4500, 90_000)
    assert picture(**single, last_duration=0, average_rate="0").end_s == Fraction(4500, 90_000)


@given(st.lists(st.tuples(st.integers(1, 10_000), st.integers(1, 50)), min_size=1, unique_by=lambda s: s[0]))
def test_the_median_is_the_middle_of_all_steps(steps: list[tuple[int, int]]) -> None:
    ascending = sorted(steps)
    flat = [step for step, count in ascending for _ in range(count)]
    assert picture(steps=ascending).median_step_s == Fraction(flat[len(flat) // 2], 90_000)


def test_alpha_is_seen_in_the_pixels_or_beside_them() -> None:
    assert not picture().has_alpha
    assert picture(has_alpha_beside=True).has_alpha
    for name in ("yuva444p12le", "yuva420p", "gbrap10le", "ya8", "rgba"):
        assert picture(frame={**FRAME, "pixel_format": name}).has_alpha
    for name in ("yuv444p", "gbrp", "gray10le", "rgb24", "yuvj422p"):
        assert not picture(frame={**FRAME, "pixel_format": name}).has_alpha


def test_interlacing_is_seen_in_the_frames_or_in_the_header() -> None:
    assert not picture().is_interlaced
    assert picture(field_order=4).is_interlaced
    assert picture(frame={**FRAME, "is_interlaced": True}).is_interlaced
