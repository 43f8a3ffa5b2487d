from __future__ import annotations

import dataclasses

from hypothesis import given
from hypothesis import strategies as st

from streaming.manifests.audio_groups import group_audio, name_tracks
from tests.streaming.manifests.presentations import AUDIO, ROOM
from videos.segment_index import PlayableRendition


def sound(name: str, track: int = 0, **changes: object) -> PlayableRendition:
    return dataclasses.replace(AUDIO, name=name, audio_track=track, **changes)  # type: ignore[arg-type]


def test_each_codec_and_room_is_a_group_with_every_language() -> None:
    found = {group.name: [one.name for one in group.members] for group in group_audio(ROOM.audio)}
    assert found == {
        "audio": ["a0", "a1"],
        "audio-opus": ["a2", "a3"],
        "audio-mp4a-surround": ["a4", "a1"],
        "audio-opus-surround": ["a5", "a3"],
    }
    assert [group.codecs for group in group_audio(ROOM.audio)] == [("mp4a.40.2",), ("opus",)] * 2


def test_no_sound_is_no_group() -> None:
    assert group_audio(()) == ()
    assert name_tracks(()) == {}


def test_tracks_are_called_by_their_language_and_what_they_are_for() -> None:
    sounds = (
        sound("a0", 0, language_name="English"),
        sound("a1", 1, language_name="English", role="commentary"),
        sound("a2", 2, language_name="English"),
        sound("a3", 3, language_name="", role="description"),
        sound("a4", 4, language_name=""),
        sound("a5", 0, language_name="English", codec="opus"),
    )
    assert name_tracks(sounds) == {
        0: "English",
        1: "English (commentary)",
        2: "English 2",
        3: "Audio 4 (audio description)",
        4: "Audio 5",
    }


def test_a_name_that_is_taken_by_a_language_is_given_once() -> None:
    names = name_tracks(
        [sound("a0", 0, language_name="X 2"), *(sound(f"a{n}", n, language_name="X") for n in (1, 2))]
    )
    assert len(set(names.values())) == 3


def test_names_of_which_no_playlist_could_hold_a_letter_are_numbers() -> None:
    names = name_tracks(
        [sound(f"a{n}", n, language_name=name) for n, name in enumerate(('"', "\n", "A\n", "A"))]
    )
    assert names == {0: "Audio 1", 1: "Audio 2", 2: "A", 3: "A 2"}


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.sampled_from(["mp4a.40.2", "opus"]), st.sampled_from([None, 1, 2, 6])
        ),
        min_size=1,
        max_size=12,
    )
)
def test_every_sound_can_be_chosen_somewhere_and_each_track_once_a_group(kinds) -> None:
    sounds = [
        sound(f"a{at}", track, codec=codec, channels=channels)
        for at, (track, codec, channels) in enumerate(kinds)
    ]
    groups = group_audio(sounds)
    assert groups[0].members[0].codec == sounds[0].codec
    assert len({group.name for group in groups}) == len(groups)
    for group in groups:
        tracks = [one.audio_track for one in group.members]
        assert len(set(tracks)) == len(tracks)
        assert len(group.codecs) == 1
    kept = {
        (one.audio_track, one.codec, (one.channels or 0) > 2) for group in groups for one in group.members
    }
    assert kept == {(one.audio_track, one.codec, (one.channels or 0) > 2) for one in sounds}
