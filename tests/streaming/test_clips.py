from __future__ import annotations

import dataclasses
import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.clips import (
    Opened,
    cut_cues,
    cut_rendition,
    find_origin_s,
    find_segments,
    find_text_segments,
    is_awaited,
    open_segments,
    reaches_end,
)
from streaming.manifests.hls import render_media_playlist
from streaming.tokens.claims import Clip
from tests.streaming.manifests.presentations import AUDIO, LADDER, growing, index_of
from videos.segment_index import PlayableRendition, SegmentIndex, SegmentRun, merge_runs
from videos.tracks.cues import Cue
from videos.tracks.segmenting import cues_of_segment

VIDEO = LADDER.video[0]  # 4.004 s, 4.004 s, 1.5015 s
TIMES_MS = st.integers(0, 60_000)


@st.composite
def indexes(draw: st.DrawFn) -> SegmentIndex:
    """Segments of any length, which begin anywhere, with or without gaps between chunks."""
    timescale = draw(st.sampled_from([1, 25, 1000, 12_800, 30_000, 48_000]))
    runs, number, start = [], 0, draw(st.integers(0, 5)) * timescale // 2
    for _ in range(draw(st.integers(0, 4))):
        durations = draw(st.lists(st.integers(1, 12 * timescale), min_size=1, max_size=6))
        runs.append(SegmentRun(number, start, tuple(durations), tuple(1 for _ in durations)))
        number += len(durations)
        start += sum(durations) + draw(st.sampled_from([0, 0, timescale]))
    return merge_runs(timescale, runs)


@st.composite
def clips(draw: st.DrawFn) -> Clip:
    start_ms = draw(TIMES_MS)
    return Clip(start_ms, start_ms + draw(st.integers(1, 30_000)))


@st.composite
def renditions(draw: st.DrawFn) -> PlayableRendition:
    one = draw(st.sampled_from([VIDEO, AUDIO]))
    return dataclasses.replace(one, index=draw(indexes()), is_complete=draw(st.booleans()))


def span_s(index: SegmentIndex, number: int) -> tuple[Fraction, Fraction]:
    one = index.segments[number]
    begin = Fraction(one.start_ticks, index.timescale)
    return begin, begin + Fraction(one.duration_ticks, index.timescale)


@given(index=indexes(), clip=clips())
def test_the_segments_that_have_anything_of_a_clip_are_found(index, clip):
    begin_s, end_s = Fraction(clip.start_ms, 1000), Fraction(clip.end_ms, 1000)
    spans = [span_s(index, number) for number in range(len(index.segments))]
    touching = [number for number, (begin, end) in enumerate(spans) if begin < end_s and end > begin_s]
    assert list(find_segments(index, clip)) == touching


@given(video=renditions(), audio=renditions(), clip=clips())
def test_what_is_listed_is_what_may_be_had_and_covers_the_clip(video, audio, clip):
    video = dataclasses.replace(video, name="v1080", kind="video")
    audio = dataclasses.replace(audio, name="a0", kind="audio")
    opened = open_segments([video, audio], clip)
    starts: list[Fraction] = []
    for one, jitter_s in ((audio, Fraction(1, 20)), (video, Fraction(0))):
        allowed, cut = opened[one.name].numbers, cut_rendition(one, opened[one.name])
        # Nothing of the clip that is there is left out, but for a moment of sound.
        for number in set(find_segments(one.index, clip)) - set(allowed):
            begin_s, end_s = span_s(one.index, number)
            shown = min(end_s, Fraction(clip.end_ms, 1000)) - max(begin_s, Fraction(clip.start_ms, 1000))
            assert shown <= jitter_s
        if not allowed:
            assert not cut.index.segments
            continue
        playlist = render_media_playlist(cut, clip)
        listed = [int(found) for found in re.findall(r"^(\d+)\.m4s$", playlist, re.MULTILINE)]
        assert listed == list(allowed)
        assert f"#EXT-X-MEDIA-SEQUENCE:{allowed[0]}\n" in playlist  # AES-128's IV follows from it
        assert ("#EXT-X-ENDLIST" in playlist) == cut.is_complete
        # And what has nothing of the clip is listed only for the sake of sound that does.
        needless = [number for number in listed if number not in find_segments(one.index, clip)]
        if needless:
            assert one is video
            assert starts
            assert span_s(one.index, needless[0])[1] > starts[0]
        starts.append(span_s(one.index, allowed[0])[0])


@given(index=indexes(), clip=clips())
def test_whoever_comes_later_is_opened_no_less(index, clip):
    opened = set(find_segments(index, clip))
    for count in range(len(index.segments)):
        earlier = SegmentIndex(index.timescale, index.segments[:count])
        then = set(find_segments(earlier, clip))
        assert then <= opened
        if reaches_end(earlier, clip):
            assert then == opened


def test_a_border_belongs_to_one_side():
    index = index_of(1000, [4000, 4000, 4000], [1, 1, 1])
    assert find_segments(index, Clip(4000, 8000)) == range(1, 2)
    assert find_segments(index, Clip(3999, 8001)) == range(3)
    assert find_segments(index, Clip(12_000, 13_000)) == range(0)
    assert find_segments(SegmentIndex(1000, ()), Clip(0, 1)) == range(0)


def test_a_thousandth_is_not_lost_where_ticks_are_finer():
    index = index_of(30_000, [1001 * 120, 1001 * 120], [1, 1])  # the border is at 4.004 s
    assert find_segments(index, Clip(4004, 5000)) == range(1, 2)
    assert find_segments(index, Clip(4003, 4004)) == range(1)


def test_a_clip_is_whole_before_the_video_is():
    one = growing(VIDEO, 2)
    assert not one.is_complete
    assert opened_alone(one, Clip(0, 8008)).is_final
    assert not opened_alone(one, Clip(0, 8009)).is_final
    clip = Clip(1000, 5000)
    assert cut_rendition(one, opened_alone(one, clip)).is_complete
    awaited = [is_awaited(one, opened_alone(one, Clip(at, at + 500))) for at in (8007, 8008)]
    assert awaited == [False, True]
    never = Clip(60_000, 61_000)
    assert not is_awaited(VIDEO, opened_alone(VIDEO, never))
    # Where sound is still to come, pictures before the clip may have to be opened for it.
    assert not open_segments([VIDEO, growing(AUDIO, 1)], Clip(5000, 6000))["v1080"].is_final


def opened_alone(one: PlayableRendition, clip: Clip) -> Opened:
    return open_segments([one], clip)[one.name]


def test_the_picture_begins_no_later_than_the_sound():
    audio = dataclasses.replace(AUDIO, index=index_of(48_000, [144_000] * 4, [1] * 4))  # 3 s each
    opened = open_segments([VIDEO, audio], Clip(4100, 5000))
    assert (opened["a0"].numbers, opened["v1080"].numbers) == (range(1, 2), range(2))
    opened = open_segments([VIDEO, audio], Clip(6100, 7000))
    assert (opened["a0"].numbers, opened["v1080"].numbers) == (range(2, 3), range(1, 2))


def test_a_few_frames_of_sound_over_a_border_are_not_worth_a_segment():
    # Sound's segments end at 4.011 s and 8 s, pictures' at 4.004 s and 8.008 s.
    opened = open_segments([VIDEO, AUDIO], Clip(4004, 8008))
    assert (opened["a0"].numbers, opened["v1080"].numbers) == (range(1, 2), range(1, 2))
    shortest = open_segments([AUDIO], Clip(4005, 4006))
    assert shortest["a0"].numbers == range(1)


def test_players_count_from_the_first_picture():
    clip = Clip(5000, 6000)
    cut = [cut_rendition(one, opened_alone(one, clip)) for one in (AUDIO, VIDEO)]
    assert find_origin_s(cut) == Fraction(4004, 1000)
    assert find_origin_s(cut[:1]) == Fraction(188 * 1024, 48_000)
    copied = dataclasses.replace(VIDEO, is_stopgap=True, index=SegmentIndex(30_000, VIDEO.index.segments[:1]))
    assert find_origin_s([copied, cut[1]]) == find_origin_s(cut)  # it goes, once the encoded one is there
    assert find_origin_s([]) == 0


@given(clip=clips(), spans=st.lists(st.tuples(TIMES_MS, st.integers(1, 9000)), max_size=8))
def test_of_text_too_what_is_opened_is_what_says_something_of_the_clip(clip, spans):
    cues = [Cue(start, start + length, str(at)) for at, (start, length) in enumerate(spans)]
    cut = cut_cues(cues, clip)
    opened = find_text_segments(clip)
    assert {cue.text for cue in cut} == {
        cue.text for cue in cues if cue.start_ms < clip.end_ms and clip.start_ms < cue.end_ms
    }
    assert all(clip.start_ms <= cue.start_ms < cue.end_ms <= clip.end_ms for cue in cut)
    said = {cue.text for number in opened for cue in cues_of_segment(cut, number)}
    assert said == {cue.text for cue in cut}
    assert not cues_of_segment(cut, opened[0] - 1)
    assert not cues_of_segment(cut, opened[-1] + 1)


def test_a_text_counts_as_players_do():
    cues = [Cue(3000, 5000, "a"), Cue(5500, 9000, "b")]
    assert cut_cues(cues, Clip(4500, 6000), origin_ms=4000) == (Cue(500, 1000, "a"), Cue(1500, 2000, "b"))


@pytest.mark.parametrize(
    ("clip", "numbers"), [(Clip(0, 4000), [0]), (Clip(3999, 4001), [0, 1]), (Clip(8000, 8001), [2])]
)
def test_text_segments_are_of_their_own_grid(clip, numbers):
    assert list(find_text_segments(clip)) == numbers
