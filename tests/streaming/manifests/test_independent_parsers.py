"""What parsers that others wrote read in the manifests of any index: `m3u8` of HLS, `mpegdash` of DASH."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from fractions import Fraction
from xml.etree import ElementTree as ET

import m3u8
from hypothesis import given, settings
from hypothesis import strategies as st
from mpegdash.parser import MPEGDASHParser

from streaming.manifests.dash import NAMESPACE, render_mpd
from streaming.manifests.hls import Shared, render_master, render_media_playlist
from streaming.manifests.hls_key_frames import render_key_frames_playlist, with_key_frames
from streaming.manifests.hls_text import render_text_playlist, with_text
from streaming.manifests.presentation import Presentation
from tests.streaming.manifests.presentations import AUDIO, LADDER
from videos.segment_index import PlayableRendition, SegmentRun, merge_runs
from videos.tracks.selectors import PlayableTrack

NOW = datetime(2026, 11, 29, tzinfo=UTC)
CODECS = ("avc1.64001f", "hvc1.1.6.L120.90", "vp09.00.40.08.01.01.01.01.00", "av01.0.08M.08")
SEGMENTS = st.lists(
    st.tuples(st.integers(1, 2_000_000), st.integers(1, 10**7), st.integers(0, 10**6)),
    min_size=1,
    max_size=12,
)
WORDS = st.text(max_size=12)
some = settings(max_examples=25)  # the parsers take their time


def strict(text: str) -> m3u8.M3U8:
    """Read a playlist; what it may not be by its version or grammar is an error."""
    return m3u8.M3U8(text, strict=True)


@st.composite
def renditions(draw: st.DrawFn, like: PlayableRendition) -> PlayableRendition:
    """Draw segments, and what a manifest says of them."""
    timescale = draw(st.sampled_from([12_800, 24_000, 30_000, 48_000, 90_000]))
    ticks, keys, more = zip(*draw(SEGMENTS), strict=True)
    sizes = tuple(key + rest for key, rest in zip(keys, more, strict=True))
    run = SegmentRun(0, draw(st.integers(0, 10**6)), ticks, sizes, draw(st.sampled_from([(), keys])))
    changes: dict[str, object] = {"language": "", "language_name": draw(WORDS)}
    if like.kind == "video":
        changes = {"codec": draw(st.sampled_from(CODECS)), "height": draw(st.integers(2, 4320))}
        changes |= {"width": draw(st.integers(2, 7680)), "is_encrypted": draw(st.booleans())}
    index, is_complete = merge_runs(timescale, [run]), draw(st.booleans())
    return dataclasses.replace(like, index=index, is_complete=is_complete, **changes)  # type: ignore[arg-type]


@st.composite
def presentations(draw: st.DrawFn) -> Presentation:
    """Draw a presentation that has something to play."""
    videos = draw(st.lists(renditions(LADDER.video[0]), max_size=4))
    sounds = draw(st.lists(renditions(AUDIO), min_size=0 if videos else 1, max_size=3))
    labels = draw(st.lists(WORDS, max_size=3))
    return Presentation(
        video=tuple(dataclasses.replace(one, name=f"v{at}") for at, one in enumerate(videos)),
        audio=tuple(dataclasses.replace(one, name=f"a{at}", audio_track=at) for at, one in enumerate(sounds)),
        text=tuple(
            PlayableTrack(
                f"trk_{at}", "captions", "de", label, is_default=at == 1, is_forced=False, stored_name=""
            )
            for at, label in enumerate(labels)
        ),
        planned_s=draw(st.none() | st.floats(1, 10_000)),
    )


@some
@given(presentations())
def test_any_multivariant_playlist_names_everything_once(shown: Presentation) -> None:
    text = with_key_frames(with_text(render_master(shown), shown.text), shown.video)
    read = strict(text)
    assert read.is_variant
    assert read.is_independent_segments
    groups = {one.group_id for one in read.media if one.type == "AUDIO"}
    expected = [one.name for one in shown.video for _ in groups or [""]]
    assert not shown.video or sorted(one.uri.partition("/")[0] for one in read.playlists) == sorted(expected)
    facts = {one.name: one for one in (*shown.video, *shown.audio)}
    for playlist in read.playlists:
        stream, one = playlist.stream_info, facts[playlist.uri.partition("/")[0]]
        assert stream.bandwidth >= stream.average_bandwidth >= 1
        assert stream.resolution == ((one.width, one.height) if one.kind == "video" else None)
        assert one.codec in stream.codecs.split(",")
        assert stream.subtitles == ("text" if shown.text else None)
        assert stream.closed_captions == ("NONE" if one.kind == "video" else None)
        assert (stream.audio in groups) or not groups
    assert [one.uri for one in read.media if one.type == "SUBTITLES"] == [
        f"text/{track.id}/index.m3u8" for track in shown.text
    ]
    names = [(one.type, one.group_id, one.name) for one in read.media]
    assert len(names) == len(set(names))
    assert [one.uri for one in read.iframe_playlists] == [
        f"{one.name}/iframes.m3u8"
        for one in shown.video
        if one.is_complete and not one.is_encrypted and one.index.has_key_frames
    ]
    for playlist in read.iframe_playlists:
        one, stream = facts[playlist.uri.partition("/")[0]], playlist.iframe_stream_info
        assert (stream.codecs, stream.resolution) == (one.codec, (one.width, one.height))


@some
@given(renditions(LADDER.video[0]))
def test_any_media_playlist_is_the_index(one: PlayableRendition) -> None:
    read = strict(render_media_playlist(one))
    assert (read.is_endlist, read.playlist_type) == (one.is_complete, "vod" if one.is_complete else "event")
    assert [segment.uri for segment in read.segments] == [f"{at:05d}.m4s" for at in range(len(read.segments))]
    assert {segment.init_section.uri for segment in read.segments} == {"init.mp4"}
    assert abs(sum(segment.duration for segment in read.segments) - one.index.duration_s) < 0.001
    assert max(round(segment.duration) for segment in read.segments) <= read.target_duration
    keys = [key for key in read.keys if key is not None]
    assert [(key.method, key.uri) for key in keys] == ([("AES-128", "key")] if one.is_encrypted else [])
    if one.is_encrypted or not one.is_complete or not one.index.has_key_frames:
        return
    fast = strict(render_key_frames_playlist(one))
    assert fast.is_i_frames_only
    assert [(segment.uri, segment.byterange) for segment in fast.segments] == [
        (f"{segment.number:05d}.m4s", f"{segment.key_frame_bytes}@0") for segment in one.index.segments
    ]
    assert [segment.duration for segment in fast.segments] == [segment.duration for segment in read.segments]


@some
@given(st.floats(0.01, 5_000), st.booleans(), st.none() | st.floats(0.01, 5_000))
def test_any_text_playlist_is_one(end_s: float, is_complete: bool, planned_s: float | None) -> None:
    read = strict(
        render_text_playlist(
            end_s,
            is_complete=is_complete,
            shared=Shared(is_whole=is_complete, target_s=4),
            planned_s=planned_s,
        )
    )
    assert read.is_endlist is is_complete
    assert all(segment.uri.endswith(".vtt") for segment in read.segments)


MISREAD = "segmentAlignment"  # its "false" is taken for true
Element = tuple[str, tuple[tuple[str, str], ...], str, tuple["Element", ...]]


def shape(element: ET.Element) -> Element:
    inner = tuple(shape(child) for child in element if child.tag != f"{{{NAMESPACE}}}Label")
    facts = {name: value for name, value in element.attrib.items() if name != MISREAD}
    return element.tag, tuple(sorted(facts.items())), (element.text or "").strip(), inner


@some
@given(presentations())
def test_any_dash_manifest_has_nothing_that_the_schema_does_not_know(shown: Presentation) -> None:
    # What the parser does not know, it leaves out when it writes: all comes back, but labels, which it does not know.
    text = render_mpd(shown, now=NOW)
    read = MPEGDASHParser.parse(text)
    again = MPEGDASHParser.get_as_doc(read).toxml()
    assert shape(ET.fromstring(again)) == shape(ET.fromstring(text))  # noqa: S314  # our own
    facts = {one.name: one for one in (*shown.video, *shown.audio)}
    sets = [one for period in read.periods for one in period.adaptation_sets]
    found = {one.id: one for group in sets for one in group.representations if one.id in facts}
    assert set(found) == set(facts)
    for name, representation in found.items():
        template, index = representation.segment_templates[0], facts[name].index
        times = [
            at.d
            for timeline in template.segment_timelines
            for at in timeline.Ss
            for _ in range((at.r or 0) + 1)
        ]
        assert times == [segment.duration_ticks for segment in index.segments]
        assert Fraction(sum(times), template.timescale) == Fraction(
            index.segments[-1].start_ticks
            + index.segments[-1].duration_ticks
            - index.segments[0].start_ticks,
            index.timescale,
        )
