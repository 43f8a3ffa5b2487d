from __future__ import annotations

from typing import get_args

from gilfoyle.lib.config import Container
from videos.uploads.kinds import ALL_ENDINGS, KINDS, allowed_kinds, file_dialogue, in_words

ALL = get_args(Container)


def test_every_container_has_a_name_and_endings_of_its_own() -> None:
    assert set(KINDS) == set(ALL)
    assert all(ending.startswith(".") and ending == ending.lower() for ending in ALL_ENDINGS)
    assert len(set(ALL_ENDINGS)) == len(ALL_ENDINGS)


def test_an_address_takes_what_it_names_of_what_the_settings_accept() -> None:
    assert allowed_kinds([], ("mp4", "avi")) == [KINDS["mp4"], KINDS["avi"]]
    assert allowed_kinds(["avi", "flv"], ("mp4", "avi")) == [KINDS["avi"]]


def test_kinds_are_told_in_words_and_offered_to_file_dialogues() -> None:
    assert in_words(allowed_kinds([], ALL)) == "All usual ones"
    assert in_words(allowed_kinds(["mp4", "avi"], ALL)) == "MP4 or MOV, AVI"
    everything = file_dialogue(allowed_kinds([], ALL)).split(",")
    assert {"video/*", "audio/*", ".mkv"} <= set(everything)
    assert file_dialogue(allowed_kinds(["avi"], ALL)) == "video/x-msvideo,.avi"
