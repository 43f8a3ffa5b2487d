from __future__ import annotations

import dataclasses
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.manifests.hls import Shared, render_master, render_media_playlist
from streaming.manifests.hls_key_frames import has_key_frames, render_key_frames_playlist, with_key_frames
from tests.streaming.manifests.presentations import AUDIO, LADDER
from tests.streaming.manifests.test_hls import attributes
from videos.segment_index import PlayableRendition, SegmentRun, merge_runs

GOLDEN = Path(__file__).parents[2] / "golden" / "streaming"
STREAM = "#EXT-X-I-FRAME-STREAM-INF:"


def with_keys(rendition: PlayableRendition, *sizes: int, **changes: object) -> PlayableRendition:
    segments = rendition.index.segments
    kept = tuple(
        dataclasses.replace(segment, key_frame_bytes=size)
        for segment, size in zip(segments, sizes, strict=True)
    )
    index = dataclasses.replace(rendition.index, segments=kept)
    return dataclasses.replace(rendition, index=index, **changes)  # type: ignore[arg-type]  # fields by name


VIDEO = (with_keys(LADDER.video[0], 90_000, 150_000, 60_000), *LADDER.video[1:])


def streams(master: str) -> list[dict[str, str]]:
    return [attributes(line) for line in master.splitlines() if line.startswith(STREAM)]


def test_golden() -> None:
    text = with_key_frames(render_master(LADDER), VIDEO)
    assert text == (GOLDEN / "keys.master.m3u8").read_text(encoding="utf-8")
    assert render_key_frames_playlist(VIDEO[0]) == (GOLDEN / "keys.v1080.m3u8").read_text(encoding="utf-8")


def test_the_rates_are_what_there_is_to_load_for_each_second_of_the_film() -> None:
    (stream,) = streams(with_key_frames(render_master(LADDER), VIDEO))
    # The last segment's picture weighs more, as it is shorter than half of the others; no player loads that for long.
    assert 60_000 / Fraction(45, 120) > 150_000
    assert int(stream["BANDWIDTH"]) == round(210_000 * 8 / Fraction(165 * 1001, 30_000))
    assert int(stream["AVERAGE-BANDWIDTH"]) == round(300_000 * 8 / Fraction(285 * 1001, 30_000))
    assert stream["CODECS"] == '"avc1.640028"'
    assert stream["RESOLUTION"] == "1920x1080"
    assert stream["URI"] == '"v1080/iframes.m3u8"'


@pytest.mark.parametrize(
    "without",
    [
        LADDER.video[0],
        with_keys(LADDER.video[0], 90_000, 0, 60_000),
        with_keys(LADDER.video[0], 90_000, 150_000, 60_000, is_encrypted=True),
        with_keys(LADDER.video[0], 90_000, 150_000, 60_000, is_complete=False),
        with_keys(AUDIO, 100, 100, 100),
    ],
)
def test_what_has_none_is_not_named(without: PlayableRendition) -> None:
    assert not has_key_frames(without)
    assert with_key_frames("#EXTM3U\n", [without]) == "#EXTM3U\n"
    with pytest.raises(ValueError, match="key frame"):
        render_key_frames_playlist(without)


def test_they_are_of_the_type_of_the_other_playlists() -> None:
    text = render_key_frames_playlist(VIDEO[0], shared=Shared(is_whole=False, target_s=6))
    assert "#EXT-X-TARGETDURATION:6\n" in text
    assert "#EXT-X-PLAYLIST-TYPE:EVENT\n" in text


@given(
    st.lists(
        st.tuples(st.integers(1, 2_000_000), st.integers(1, 10**7), st.integers(0, 10**7)),
        min_size=1,
        max_size=40,
    ),
    st.sampled_from([12_800, 24_000, 30_000, 90_000]),
)
def test_any_index_makes_one_range_a_segment_beside_the_same_times(
    facts: list[tuple[int, int, int]], timescale: int
) -> None:
    ticks, keys, more = zip(*facts, strict=True)
    sizes = tuple(key + rest for key, rest in zip(keys, more, strict=True))
    index = merge_runs(timescale, [SegmentRun(0, 0, ticks, sizes, keys)])
    rendition = dataclasses.replace(LADDER.video[0], index=index)
    (stream,) = streams(with_key_frames("", [rendition]))
    assert int(stream["BANDWIDTH"]) >= int(stream["AVERAGE-BANDWIDTH"]) >= 1
    lines = render_key_frames_playlist(rendition).splitlines()
    assert [line for line in lines if line.startswith("#EXT-X-BYTERANGE")] == [
        f"#EXT-X-BYTERANGE:{key}@0" for key in keys
    ]
    # But for the ranges, and what they are, it is the playlist of the whole segments.
    media = render_media_playlist(rendition).splitlines()
    ours = [line for line in lines if not line.startswith(("#EXT-X-BYTERANGE", "#EXT-X-I-FRAMES-ONLY"))]
    assert ours == [line for line in media if line != "#EXT-X-INDEPENDENT-SEGMENTS"]
