from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.manifests.hls import (
    render_master,
    render_media_playlist,
    shared_of,
)
from streaming.manifests.hls_text import render_text_playlist
from streaming.manifests.presentation import Presentation
from tests.streaming.manifests.presentations import (
    AUDIO,
    AUDIO_ONLY,
    EVERY_CODEC,
    GROWING,
    LADDER,
    PORTRAIT,
    ROLES,
    ROOM,
    TWO_LANGUAGES,
    growing,
    index_of,
    rung,
)
from videos.segment_index import PlayableRendition, SegmentIndex

GOLDEN = Path(__file__).parents[2] / "golden" / "streaming"


def attributes(line: str) -> dict[str, str]:
    """Read an attribute list by the grammar of RFC 8216, 4.2."""
    text = line.split(":", 1)[1]
    found: dict[str, str] = {}
    while text:
        match = re.match(r'([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(?:,|$)', text)
        assert match, text
        assert match[1] not in found
        found[match[1]], text = match[2], text[match.end() :]
    return found


def variants(master: str) -> Iterator[tuple[str, dict[str, str]]]:
    lines = master.splitlines()
    for at, line in enumerate(lines):
        if line.startswith("#EXT-X-STREAM-INF:"):
            yield lines[at + 1], attributes(line)


def parse_media(text: str) -> tuple[dict[str, str], list[tuple[Fraction, str]]]:
    """Return tags that stand once, and the segments."""
    lines = text.splitlines()
    assert lines[0] == "#EXTM3U"
    assert text.endswith("\n")
    tags: dict[str, str] = {}
    segments: list[tuple[Fraction, str]] = []
    at = 1
    while at < len(lines):
        name, _, value = lines[at].partition(":")
        if name == "#EXTINF":
            assert re.fullmatch(r"\d+\.\d{6},", value)
            segments.append((Fraction(value[:-1]), lines[at + 1]))
            at += 1
        else:
            assert name.startswith("#EXT")
            assert name not in tags
            tags[name] = value
        at += 1
    return tags, segments


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ladder.master.m3u8", render_master(LADDER)),
        ("growing.master.m3u8", render_master(GROWING)),
        ("portrait.master.m3u8", render_master(PORTRAIT)),
        ("languages.master.m3u8", render_master(TWO_LANGUAGES)),
        ("audio-only.master.m3u8", render_master(AUDIO_ONLY)),
        ("room.master.m3u8", render_master(ROOM)),
        ("roles-audio-only.master.m3u8", render_master(ROLES)),
        ("ladder.v1080.m3u8", render_media_playlist(LADDER.video[0])),
        ("growing.v1080.m3u8", render_media_playlist(GROWING.video[0])),
        ("codecs.master.m3u8", render_master(EVERY_CODEC)),
        ("ladder.a0.m3u8", render_media_playlist(AUDIO)),
    ],
)
def test_golden(name, text):
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_h264_is_offered_before_codecs_that_not_every_player_has():
    names = [address.partition("/")[0] for address, _ in variants(render_master(EVERY_CODEC))]
    assert sorted(names) == sorted(one.name for one in EVERY_CODEC.video)
    h264 = [address.partition("/")[0] for address, _ in variants(render_master(LADDER))]
    assert names[:3] == h264
    assert names[3:6] == ["v1080av1", "v720av1", "v360av1"]


def test_without_h264_the_first_choice_is_still_one_for_an_unknown_network():
    av1 = dataclasses.replace(
        EVERY_CODEC, video=tuple(one for one in EVERY_CODEC.video if one.codec.startswith("av01"))
    )
    assert next(variants(render_master(av1)))[0] == "v360av1/index.m3u8"


def test_bandwidths_are_measured():
    stream = dict(variants(render_master(LADDER)))["v720/index.m3u8"]
    seconds = 120 * 1001 / 30_000
    peak = round(900_000 * 5 / 4 * 8 / seconds) + round(63_900 * 8 / (187 * 1024 / 48_000))
    whole_s = 285 * 1001 / 30_000
    average = round((900_000 + 1_125_000 + 300_000) * 8 / whole_s)
    average += round((64_100 + 63_900 + 24_000) * 8 / (446 * 1024 / 48_000))
    assert int(stream["BANDWIDTH"]) == peak
    assert int(stream["AVERAGE-BANDWIDTH"]) == average
    assert int(stream["BANDWIDTH"]) >= int(stream["AVERAGE-BANDWIDTH"])


def test_the_first_variant_suits_an_unknown_network_and_all_are_there():
    names = [name for name, _ in variants(render_master(LADDER))]
    assert names[0] == "v360/index.m3u8"
    assert sorted(names) == ["v1080/index.m3u8", "v360/index.m3u8", "v720/index.m3u8"]
    heavy = Presentation(video=LADDER.video[:2], audio=())
    assert next(name for name, _ in variants(render_master(heavy))) == "v720/index.m3u8"


def test_nothing_playable_has_no_master():
    with pytest.raises(ValueError, match="Nothing"):
        render_master(Presentation((), ()))
    with pytest.raises(ValueError, match="segment"):
        render_media_playlist(growing(AUDIO, 0))


def test_no_address_leaves_the_folder():
    for text in (render_master(LADDER), render_master(AUDIO_ONLY), render_media_playlist(AUDIO)):
        uris = [line for line in text.splitlines() if not line.startswith("#")] + re.findall(
            r'URI="([^"]*)"', text
        )
        assert uris
        assert all(re.fullmatch(r"(?:[a-z0-9]+/)?[a-z0-9]+\.(?:m3u8|m4s|mp4)", uri) for uri in uris)


def test_what_is_not_known_is_left_out():
    bare: dict[str, Any] = {
        "language": "",
        "channels": None,
        "width": None,
        "height": None,
        "frame_rate": None,
    }
    video = dataclasses.replace(LADDER.video[0], **bare)
    master = render_master(Presentation((video,), (dataclasses.replace(AUDIO, **bare),)))
    assert not re.search("LANGUAGE|CHANNELS|RESOLUTION|FRAME-RATE|None", master)
    assert set(dict(variants(master))["v1080/index.m3u8"]) == {
        "BANDWIDTH",
        "AVERAGE-BANDWIDTH",
        "VIDEO-RANGE",
        "CLOSED-CAPTIONS",
        "CODECS",
        "AUDIO",
    }


def test_a_hostile_language_cannot_add_lines():
    evil = dataclasses.replace(
        AUDIO, name="a1", audio_track=1, language='en",URI="http://evil"\n#EXT-X-KEY:METHOD=NONE'
    )
    master = render_master(Presentation(LADDER.video, (AUDIO, evil)))
    media = [attributes(line) for line in master.splitlines() if line.startswith("#EXT-X-MEDIA:")]
    assert [one["URI"] for one in media] == ['"a0/index.m3u8"', '"a1/index.m3u8"']
    assert "#EXT-X-KEY" not in [line.split(":")[0] for line in master.splitlines()]


durations = st.lists(st.integers(1, 2_000_000), min_size=1, max_size=60)
timescales = st.sampled_from([12_800, 24_000, 30_000, 48_000, 60_000, 90_000])


def rendition_of(timescale: int, ticks: list[int], *, is_complete: bool) -> PlayableRendition:
    index = index_of(timescale, ticks, [1000 + tick % 997 for tick in ticks])
    return PlayableRendition("v720", "video", "avc1.64001f", 1280, 720, None, None, "", 0, index, is_complete)


@given(timescales, durations, st.booleans())
def test_any_playlist_parses_and_its_durations_sum(timescale, ticks, is_complete):
    tags, segments = parse_media(
        render_media_playlist(rendition_of(timescale, ticks, is_complete=is_complete))
    )
    assert [name for _, name in segments] == [f"{number:05d}.m4s" for number in range(len(ticks))]
    exact = Fraction(0)
    shown = Fraction(0)
    for tick, (duration, _) in zip(ticks, segments, strict=True):
        exact += Fraction(tick, timescale)
        shown += duration
        # At any point of the playlist, not only at its end.
        assert abs(shown - exact) <= Fraction(1, 1_000_000)
    target = int(tags["#EXT-X-TARGETDURATION"])
    assert target >= 1
    assert all(int(duration + Fraction(1, 2)) <= target for duration, _ in segments)
    assert ("#EXT-X-ENDLIST" in tags) is is_complete
    assert tags["#EXT-X-PLAYLIST-TYPE"] == ("VOD" if is_complete else "EVENT")
    assert tags["#EXT-X-MAP"] == 'URI="init.mp4"'


@given(timescales, durations)
def test_a_growing_playlist_only_grows(timescale, ticks):
    whole = rendition_of(timescale, ticks, is_complete=False)
    before = ""
    for count in range(1, len(ticks) + 1):
        index = SegmentIndex(timescale, whole.index.segments[:count])
        text = render_media_playlist(dataclasses.replace(whole, index=index))
        body = text.split("#EXT-X-MAP", 1)[1]
        assert body.startswith(before)
        before = body


@given(
    st.lists(
        st.tuples(st.integers(2, 4320), st.integers(2, 7680), timescales, durations), min_size=0, max_size=4
    ),
    st.lists(
        st.tuples(
            st.text(max_size=8),
            st.text(max_size=8),
            st.sampled_from(["mp4a.40.2", "opus"]),
            st.sampled_from([1, 2, 6]),
            durations,
        ),
        max_size=4,
    ),
)
def test_any_master_parses(rungs, sounds):
    video = tuple(
        PlayableRendition(
            f"v{at}",
            "video",
            "avc1.64001f",
            width,
            height,
            Fraction(30_000, 1001),
            None,
            "",
            0,
            index_of(timescale, ticks, [5000] * len(ticks)),
            is_complete=True,
        )
        for at, (height, width, timescale, ticks) in enumerate(rungs)
    )
    audio = tuple(
        PlayableRendition(
            f"a{at}",
            "audio",
            codec,
            None,
            None,
            None,
            channels,
            language,
            0,
            index_of(48_000, ticks, [500] * len(ticks)),
            is_complete=True,
            audio_track=at,
            language_name=name,
        )
        for at, (language, name, codec, channels, ticks) in enumerate(sounds)
    )
    if not video and not audio:
        return
    master = render_master(Presentation(video, audio))
    streams = list(variants(master))
    media = [attributes(line) for line in master.splitlines() if line.startswith("#EXT-X-MEDIA:")]
    groups = {one["GROUP-ID"] for one in media}
    if video:
        assert sorted(name for name, _ in streams) == sorted(
            f"{one.name}/index.m3u8" for one in video for _ in groups or [""]
        )
    for _, stream in streams:
        assert int(stream["BANDWIDTH"]) >= int(stream["AVERAGE-BANDWIDTH"]) >= 1
        assert stream.get("AUDIO", "") in (groups or {""})
    assert bool(media) == bool(audio and (video or len(audio) > 1))
    for group in groups:
        members = [one for one in media if one["GROUP-ID"] == group]
        assert len({one["NAME"] for one in members}) == len(members)
        assert [one["DEFAULT"] for one in members] == ["YES"] + ["NO"] * (len(members) - 1)


def test_all_playlists_of_a_video_are_events_until_nothing_of_it_grows() -> None:
    # Subtitles and key frames may differ in their target, but only where all is whole (RFC 8216bis, 6.2.4).
    growing_ladder = dataclasses.replace(LADDER, audio=(growing(AUDIO, 2),))
    before = {}
    for presentation, kind in ((growing_ladder, "EVENT"), (LADDER, "VOD")):
        shared = shared_of(presentation)
        whole = presentation.video[0]
        texts = [
            *(
                render_media_playlist(one, shared=shared)
                for one in (*presentation.video, *presentation.audio)
            ),
            render_text_playlist(9.5, is_complete=True, shared=shared),
        ]
        assert {parse_media(text)[0]["#EXT-X-PLAYLIST-TYPE"] for text in texts} == {kind}
        assert "#EXT-X-ENDLIST" in texts[0]
        assert ("#EXT-X-START:TIME-OFFSET=0,PRECISE=YES" in texts[0]) == (kind == "EVENT")
        before[kind] = render_media_playlist(dataclasses.replace(whole, is_complete=False), shared=shared)
    assert before["EVENT"] in render_media_playlist(LADDER.video[0], shared=shared_of(growing_ladder))


def test_what_still_grows_when_the_rest_is_whole_is_no_vod() -> None:
    av1 = growing(rung(720, 1280, "av01.0.05M.08", 900_000, name="v720av1"), 1)
    shared = shared_of(dataclasses.replace(LADDER, video=(*LADDER.video, av1)))
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in render_media_playlist(av1, shared=shared)
    assert "#EXT-X-PLAYLIST-TYPE:VOD" in render_media_playlist(LADDER.video[0], shared=shared)


def test_all_playlists_of_a_video_have_the_target_of_its_longest_segments() -> None:
    copy = dataclasses.replace(LADDER.video[0], name="v1080copy", is_stopgap=True, target_duration_s=6)
    shared = shared_of(dataclasses.replace(LADDER, video=(copy, *LADDER.video)))
    for one in (copy, *LADDER.video, AUDIO):
        assert "#EXT-X-TARGETDURATION:6\n" in render_media_playlist(one, shared=shared)
    assert "#EXT-X-TARGETDURATION:6\n" in render_text_playlist(9.5, is_complete=True, shared=shared)
    assert shared_of(Presentation((), ())).target_s == 1


def test_segments_of_uneven_length_have_a_target_that_is_known_from_the_start() -> None:
    copy = dataclasses.replace(LADDER.video[0], target_duration_s=6)
    assert "#EXT-X-TARGETDURATION:6" in render_media_playlist(copy)


def test_an_encrypted_rendition_names_its_key_behind_the_map_which_is_in_the_clear() -> None:
    clear = LADDER.video[0]
    text = render_media_playlist(dataclasses.replace(clear, is_encrypted=True))
    lines = text.splitlines()
    key = '#EXT-X-KEY:METHOD=AES-128,URI="key"'
    assert lines.index(key) == lines.index('#EXT-X-MAP:URI="init.mp4"') + 1
    lines.remove(key)
    assert lines == render_media_playlist(clear).splitlines()


def test_a_playlist_that_begins_later_numbers_its_segments_as_they_are_encrypted() -> None:
    rendition = dataclasses.replace(LADDER.video[0], is_encrypted=True)
    later = dataclasses.replace(
        rendition, index=SegmentIndex(rendition.index.timescale, rendition.index.segments[1:])
    )
    assert "#EXT-X-MEDIA-SEQUENCE:0\n" in render_media_playlist(rendition)
    text = render_media_playlist(later)
    assert "#EXT-X-MEDIA-SEQUENCE:1\n" in text
    assert "00001.m4s" in text
    assert "00000.m4s" not in text
