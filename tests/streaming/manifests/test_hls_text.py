from __future__ import annotations

import dataclasses

import pytest

from streaming.manifests.hls import Shared, render_master
from streaming.manifests.hls_text import render_text_playlist, with_text
from tests.streaming.manifests.presentations import AUDIO_ONLY, LADDER
from tests.streaming.manifests.test_hls import GOLDEN, attributes
from videos.tracks.selectors import PlayableTrack

ENGLISH = PlayableTrack(
    id="trk_" + "e" * 18,
    kind="captions",
    language="en",
    label="English",
    is_default=True,
    is_forced=False,
    stored_name="",
)
GERMAN = dataclasses.replace(
    ENGLISH,
    id="trk_" + "d" * 18,
    kind="subtitles",
    language="de",
    label='Deutsch, "leicht"',
    is_default=False,
)
SIGNS = dataclasses.replace(GERMAN, id="trk_" + "s" * 18, language="und", label="English", is_forced=True)


def test_a_master_with_text() -> None:
    text = with_text(render_master(LADDER), [ENGLISH, GERMAN, SIGNS])
    assert text == (GOLDEN / "text.master.m3u8").read_text(encoding="utf-8")
    tracks = [
        attributes(line) for line in text.splitlines() if line.startswith("#EXT-X-MEDIA:TYPE=SUBTITLES")
    ]
    assert [track["FORCED"] for track in tracks if "FORCED" in track] == ["YES"]
    assert [track.get("LANGUAGE") for track in tracks] == ['"en"', '"de"', None]


def test_every_variant_goes_with_the_text() -> None:
    for presentation in (LADDER, AUDIO_ONLY):
        lines = with_text(render_master(presentation), [GERMAN]).splitlines()
        variants = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
        assert variants
        assert all(line.endswith(',SUBTITLES="text"') for line in variants)
        assert lines.index(next(line for line in lines if "TYPE=SUBTITLES" in line)) < lines.index(
            variants[0]
        )


def test_without_text_nothing_changes() -> None:
    assert with_text(render_master(LADDER), []) == render_master(LADDER)


def test_one_track_is_the_default_and_each_has_a_name_of_its_own() -> None:
    text = with_text(render_master(LADDER), [ENGLISH, dataclasses.replace(ENGLISH, id="x"), SIGNS])
    assert text.count("TYPE=SUBTITLES") == 3
    assert [name in text for name in ('NAME="English"', 'NAME="English 2"', 'NAME="English 3"')] == [True] * 3
    assert text.count("DEFAULT=YES,AUTOSELECT=YES,CHARACTERISTICS") == 1


def test_no_label_breaks_a_line() -> None:
    text = with_text(
        render_master(LADDER), [dataclasses.replace(ENGLISH, label='a"\r\n#EXT-X-ENDLIST\x00\u2028b')]
    )
    assert 'NAME="a”#EXT-X-ENDLISTb"' in text


def test_a_label_of_nothing_that_can_be_shown_is_no_name() -> None:
    blank = [dataclasses.replace(track, label="\x01 \x7f") for track in (GERMAN, SIGNS, SIGNS)]
    text = with_text(render_master(LADDER), blank)
    assert 'NAME=""' not in text
    assert [f'NAME="{name}"' in text for name in ("de", "Subtitles", "Subtitles 2")] == [True] * 3


@pytest.mark.parametrize(
    ("end_s", "is_complete", "durations"),
    [
        (10.01, True, ["4.000000", "4.000000", "2.010000"]),
        (8.0, True, ["4.000000", "4.000000"]),
        (8.0004, True, ["4.000000", "4.000000"]),
        (10.01, False, ["4.000000", "4.000000"]),
        (1.5, False, ["4.000000"]),
        (1.5, True, ["1.500000"]),
    ],
)
def test_the_playlist_covers_what_can_be_played(end_s, is_complete, durations) -> None:
    lines = render_text_playlist(
        end_s, is_complete=is_complete, shared=Shared(is_whole=is_complete, target_s=4)
    ).splitlines()
    assert [line[8:-1] for line in lines if line.startswith("#EXTINF:")] == durations
    assert [line for line in lines if line.endswith(".vtt")] == [
        f"{n:05d}.vtt" for n in range(len(durations))
    ]
    assert ("#EXT-X-ENDLIST" in lines) == is_complete
    assert f"#EXT-X-PLAYLIST-TYPE:{'VOD' if is_complete else 'EVENT'}" in lines


def test_a_playlist_only_ever_grows() -> None:
    before: list[str] = []
    for end_s in (2, 4, 7.9, 8.1, 12):
        lines = render_text_playlist(
            end_s, is_complete=False, shared=Shared(is_whole=False, target_s=4)
        ).splitlines()
        assert lines[: len(before)] == before
        before = lines
    assert (
        render_text_playlist(13, is_complete=True, shared=Shared(is_whole=True, target_s=4)).splitlines()[
            5 : len(before)
        ]
        == before[5:]
    )


@pytest.mark.parametrize("planned_s", [0.5, 3.2, 4, 7])
def test_what_is_listed_of_a_short_video_does_not_change_when_it_is_whole(planned_s: float) -> None:
    growing = render_text_playlist(
        min(planned_s, 2), is_complete=False, shared=Shared(is_whole=False, target_s=4), planned_s=planned_s
    ).splitlines()
    end_s = planned_s - 0.02  # frames and sound do not end at the same moment
    whole = render_text_playlist(
        end_s, is_complete=True, shared=Shared(is_whole=True, target_s=4), planned_s=planned_s
    ).splitlines()
    assert growing[5:] == whole[5:7]
    assert whole[5] == f"#EXTINF:{min(planned_s, 4):.6f},"
