from __future__ import annotations

import os
from pathlib import Path

import pytest

from processing.errors import ToolMissing
from processing.ffmpeg.capabilities import (
    find_ffmpeg,
    get_capabilities,
    read_names,
    read_version,
    usable_ffmpeg,
)


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_ffmpeg_of_this_machine_can_do_all_that_is_needed() -> None:
    found = get_capabilities("auto")
    assert (found.missing, found.is_recent) == ((), True)
    assert usable_ffmpeg("auto") == found.path
    assert os.access(found.path, os.X_OK)


def test_the_one_that_is_set_is_taken(tmp_path: Path) -> None:
    mine = program(tmp_path / "my-ffmpeg", "true")
    assert find_ffmpeg(mine) == mine


def test_one_that_is_not_there_is_named() -> None:
    with pytest.raises(ToolMissing, match="/no/such/ffmpeg"):
        find_ffmpeg("/no/such/ffmpeg")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo ffmpeg version 4.4.2", "4.4.2 .* is too old"),
        ("echo ffmpeg version 7.1", "lacks .*libx264"),
        ("exit 1", "does not run"),
    ],
)
def test_an_unfit_one_is_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ToolMissing, match=words):
        usable_ffmpeg(program(tmp_path / "ffmpeg", text))


@pytest.mark.parametrize(
    ("about", "wanted"),
    [
        ("ffmpeg version 5.1.9-0+deb12u1 Copyright", ("5.1.9-0+deb12u1", True)),
        ("ffmpeg version n9.0.2-17-g2a571b6 Copyright", ("n9.0.2-17-g2a571b6", True)),
        ("ffmpeg version 5.0.3 Copyright", ("5.0.3", False)),
        (
            "ffmpeg version N-1234-gabc Copyright\nlibavcodec     61.  3.100 / 61.  3.100",
            ("N-1234-gabc", True),
        ),
        (
            "ffmpeg version N-1234-gabc Copyright\nlibavcodec     58. 91.100 / 58. 91.100",
            ("N-1234-gabc", False),
        ),
        ("something else", ("unknown", False)),
    ],
)
def test_it_reads_versions_of_releases_and_of_other_builds(about: str, wanted: tuple[str, bool]) -> None:
    assert read_version(about) == wanted


def test_it_reads_names_of_encoders_and_filters() -> None:
    assert read_names(" V....D libx264   libx264 H.264\n ------\n .. fps  V->V  Force\n") == {
        "libx264",
        "fps",
    }
