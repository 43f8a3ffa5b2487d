from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.manifests.dash import NAMESPACE, render_mpd
from streaming.manifests.presentation import Presentation
from tests.streaming.manifests.presentations import (
    AUDIO,
    AUDIO_ONLY,
    EVERY_CODEC,
    GROWING,
    LADDER,
    ROLES,
    ROOM,
    index_of,
)
from videos.segment_index import PlayableRendition, SegmentIndex
from videos.storyboard import Storyboard
from videos.tracks.selectors import PlayableTrack

GOLDEN = Path(__file__).parents[2] / "golden" / "streaming"
NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
BOARD = Storyboard(tile_width=160, tile_height=90, columns=2, rows=2, times_s=(0.0, 4.0, 8.0), duration_s=9.5)
TRACK = PlayableTrack("trk_5WqLnB2cYt8RkXvJ0a", "captions", "de", "Deutsch", True, False, "")
WHOLE = dataclasses.replace(ROOM, text=(TRACK,), storyboard=BOARD)


def parse(text: str) -> ET.Element:
    root = ET.fromstring(text)  # noqa: S314  our own
    assert root.tag == f"{{{NAMESPACE}}}MPD"
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{NAMESPACE}}}")
    return root


def rendered(presentation: Presentation) -> ET.Element:
    return parse(render_mpd(presentation, now=NOW))


def seconds(duration: str | None) -> Fraction:
    assert duration is not None
    assert duration.startswith("PT")
    return Fraction(duration[2:-1])


def timeline(representation: ET.Element) -> list[tuple[int, int]]:
    """Return (start, duration) of each segment in ticks, by the rules of ISO/IEC 23009-1, 5.3.9.6."""
    found: list[tuple[int, int]] = []
    at = 0
    for entry in representation.iterfind("SegmentTemplate/SegmentTimeline/S"):
        at = int(entry.get("t", at))
        for _ in range(int(entry.get("r", "0")) + 1):
            found.append((at, int(entry.attrib["d"])))
            at += int(entry.attrib["d"])
    return found


@pytest.mark.parametrize(
    ("name", "presentation"),
    [
        ("ladder.mpd", LADDER),
        ("growing.mpd", dataclasses.replace(GROWING, planned_s=9.5095)),
        ("codecs.mpd", EVERY_CODEC),
        ("room.mpd", WHOLE),
        ("roles-audio-only.mpd", ROLES),
        ("audio-only.mpd", AUDIO_ONLY),
    ],
)
def test_golden(name, presentation):
    assert render_mpd(presentation, now=NOW) == (GOLDEN / name).read_text(encoding="utf-8")


def test_nothing_playable_has_no_manifest():
    with pytest.raises(ValueError, match="Nothing"):
        render_mpd(Presentation((), ()), now=NOW)


def test_each_codec_is_a_set_of_its_own():
    sets = rendered(EVERY_CODEC).findall("Period/AdaptationSet[@contentType='video']")
    assert [one.get("id") for one in sets] == ["1", "2", "3", "4"]
    for one in sets:
        codecs = {str(each.get("codecs")).partition(".")[0] for each in one.iterfind("Representation")}
        assert len(codecs) == 1
    assert [each.get("id") for each in sets[0].iterfind("Representation")] == ["v1080", "v720", "v360"]


def test_sets_keep_their_numbers_while_others_come():
    def numbers(presentation: Presentation) -> dict[str | None, str | None]:
        return {
            each.get("id"): one.get("id")
            for one in rendered(presentation).iterfind("Period/AdaptationSet")
            for each in one.iterfind("Representation")
        }

    before = numbers(Presentation(video=ROOM.video[1:], audio=ROOM.audio[1:2]))
    assert before.items() <= numbers(ROOM).items()


def test_what_grows_is_asked_for_again_and_what_is_whole_is_not():
    growing, whole = rendered(dataclasses.replace(GROWING, planned_s=20.0)), rendered(LADDER)
    assert (growing.get("type"), growing.get("minimumUpdatePeriod")) == ("dynamic", "PT2S")
    assert seconds(growing.get("mediaPresentationDuration")) == 20
    assert growing.find("UTCTiming") is not None
    assert whole.get("type") == "static"
    assert not {"minimumUpdatePeriod", "availabilityStartTime", "publishTime"} & set(whole.attrib)
    assert whole.find("UTCTiming") is None
    length_s = Fraction(446 * 1024, 48_000)
    assert 0 < seconds(whole.get("mediaPresentationDuration")) - length_s <= Fraction(1, 1000)


@pytest.mark.parametrize("planned_s", [None, 1.0])
def test_a_length_that_is_not_known_or_passed_already_is_not_promised(planned_s):
    growing = rendered(dataclasses.replace(GROWING, planned_s=planned_s))
    assert "mediaPresentationDuration" not in growing.attrib


def test_the_storyboard_waits_until_the_end_is_known():
    def has_pictures(presentation: Presentation) -> bool:
        return rendered(presentation).find(".//AdaptationSet[@contentType='image']") is not None

    assert has_pictures(WHOLE)
    assert not has_pictures(dataclasses.replace(GROWING, storyboard=BOARD))
    uneven = dataclasses.replace(BOARD, times_s=(0.0, 1.0, 8.0))
    assert not has_pictures(dataclasses.replace(WHOLE, storyboard=uneven))


def test_a_hostile_label_or_language_adds_no_markup():
    evil = '</Label><BaseURL>https://evil.example/</BaseURL>&"\x00\x0b\ud800\uffff'
    track = dataclasses.replace(TRACK, label=evil, language='de" href="x')
    sound = dataclasses.replace(AUDIO, language_name=evil, language='en" x="')
    root = rendered(dataclasses.replace(LADDER, audio=(sound,), text=(track,)))
    assert [one.text for one in root.iter("BaseURL")] == [f"text/{TRACK.id}.vtt"]
    plain = evil[: evil.index("\x00")]
    assert {one.text for one in root.iter("Label")} == {plain, plain.replace('"', "")}  # of text, of sound
    assert not any("href" in one.attrib or "x" in one.attrib for one in root.iter())


def test_rungs_of_other_segments_are_not_called_aligned():
    video = LADDER.video[0]
    moved = dataclasses.replace(
        video, name="v720", index=index_of(30_000, [100_000, 140_240, 45_045], [9, 9, 9])
    )
    for pair, aligned in (((video, moved), "false"), (LADDER.video, "true")):
        one_set = rendered(Presentation(video=pair, audio=())).find("Period/AdaptationSet")
        assert one_set is not None
        assert one_set.get("segmentAlignment") == aligned


def test_what_begins_late_is_played_from_there():
    def later(one: PlayableRendition, number: int) -> PlayableRendition:
        return dataclasses.replace(one, index=SegmentIndex(one.index.timescale, one.index.segments[number:]))

    cut = Presentation(tuple(later(one, 1) for one in LADDER.video), (later(AUDIO, 1),))
    root = rendered(cut)
    for one in root.iter("SegmentTemplate"):
        assert one.get("startNumber") == "1"
        # The earliest of all: what begins a moment later does not lose that moment.
        offset_s = Fraction(int(one.attrib["presentationTimeOffset"]), int(one.attrib["timescale"]))
        assert abs(offset_s - Fraction(120 * 1001, 30_000)) < Fraction(1, 30_000)
    length_s = Fraction(446 * 1024, 48_000) - Fraction(120 * 1001, 30_000)
    assert 0 < seconds(root.get("mediaPresentationDuration")) - length_s <= Fraction(1, 1000)


durations = st.lists(st.integers(1, 2_000_000), min_size=1, max_size=60)
timescales = st.sampled_from([12_800, 24_000, 30_000, 48_000, 60_000, 90_000])


@given(
    st.lists(st.tuples(timescales, durations), max_size=4),
    st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8), durations), max_size=3),
    st.booleans(),
    st.one_of(st.none(), st.floats(0.1, 1e6)),
)
def test_any_index_is_told_exactly(rungs, sounds, is_complete, planned_s):
    video = tuple(
        PlayableRendition(
            f"v{at}", "video", "avc1.64001f", 1280, 720, None, None, "", 0,
            index_of(timescale, ticks, [1000] * len(ticks)), is_complete,
        )
        for at, (timescale, ticks) in enumerate(rungs)
    )  # fmt: skip
    audio = tuple(
        PlayableRendition(
            f"a{at}", "audio", "opus", None, None, None, 2, language, 0,
            index_of(48_000, ticks, [500] * len(ticks)), is_complete, audio_track=at, language_name=name,
        )
        for at, (language, name, ticks) in enumerate(sounds)
    )  # fmt: skip
    if not video and not audio:
        return
    root = rendered(Presentation(video, audio, planned_s=planned_s))
    found = {str(one.get("id")): one for one in root.iter("Representation")}
    assert set(found) == {one.name for one in (*video, *audio)}
    for one in (*video, *audio):
        wanted = [(segment.start_ticks, segment.duration_ticks) for segment in one.index.segments]
        assert timeline(found[one.name]) == wanted
        template = found[one.name].find("SegmentTemplate")
        assert template is not None
        assert int(template.attrib["timescale"]) == one.index.timescale
        assert (template.get("startNumber"), "presentationTimeOffset" in template.attrib) == ("0", False)
    ends = [
        Fraction(sum(d for _, d in timeline(found[one.name])), one.index.timescale)
        for one in (*video, *audio)
    ]
    if is_complete:
        assert 0 < seconds(root.get("mediaPresentationDuration")) - max(ends) <= Fraction(1, 1000)
    numbers = [one.get("id") for one in root.iter("AdaptationSet")]
    assert len(set(numbers)) == len(numbers)
