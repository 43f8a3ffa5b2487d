from __future__ import annotations

import os
from pathlib import Path

import pytest

from gilfoyle.lib.audio_settings import AudioSettings
from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.image_settings import ImagesSettings, PreviewSettings
from processing.errors import ToolMissing
from processing.ffmpeg import image_codecs, sound_codecs
from processing.ffmpeg.capabilities import (
    NEEDED_ENCODERS,
    NEEDED_FILTERS,
    find_ffmpeg,
    get_capabilities,
    needed_encoders,
    read_names,
    read_version,
    require_ffmpeg_for,
    usable_ffmpeg,
)
from processing.ffmpeg.further_codecs import ENCODERS

PICTURES = ImagesSettings()
ALL = {
    *NEEDED_ENCODERS,
    *ENCODERS.values(),
    *sound_codecs.ENCODERS.values(),
    *image_codecs.ENCODERS.values(),
    image_codecs.PREVIEW_ENCODER,
}


def program(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_the_ffmpeg_of_this_machine_can_do_all_that_is_needed() -> None:
    found = get_capabilities("auto")
    assert (found.missing, found.is_recent) == ((), True)
    assert usable_ffmpeg("auto") == found.path
    assert os.access(found.path, os.X_OK)


def ffmpeg_with(folder: Path, *, without: str) -> str:
    """Write a program that says of itself that it is an ffmpeg with all encoders but one."""
    encoders = "\n".join(f" V..... {name} -" for name in ALL - {without})
    filters = "\n".join(f" .. {name} V->V -" for name in NEEDED_FILTERS)
    answers = f"""case "$2" in
-version) echo "ffmpeg version 7.1" ;;
-encoders) echo '{encoders}' ;;
-filters) echo '{filters}' ;;
esac"""
    return program(folder / "ffmpeg", answers)


def test_further_codecs_ask_for_their_encoders_and_are_not_swapped(tmp_path: Path) -> None:
    wanted = EncodingSettings(
        codecs=("h264", "hevc", "vp9", "av1"), audio=AudioSettings(codecs=("aac", "opus"))
    )
    assert needed_encoders(EncodingSettings(), PICTURES) == NEEDED_ENCODERS
    further = {"libx265", "libvpx-vp9", "libsvtav1", "libopus"}
    assert needed_encoders(wanted, PICTURES) - NEEDED_ENCODERS == further
    require_ffmpeg_for(wanted, PICTURES)
    ffmpeg = ffmpeg_with(tmp_path, without="libsvtav1")
    assert usable_ffmpeg(ffmpeg, encoders={"libx265"}) == ffmpeg
    with pytest.raises(ToolMissing, match=r"lacks libsvtav1\."):
        require_ffmpeg_for(wanted.model_copy(update={"ffmpeg": ffmpeg}), PICTURES)


@pytest.mark.parametrize(
    ("images", "encoder"),
    [
        (ImagesSettings(formats=("jpeg", "webp")), "libwebp"),
        (ImagesSettings(formats=("avif", "jpeg")), "libaom-av1"),
        (ImagesSettings(preview=PreviewSettings(enabled=True)), "libwebp_anim"),
    ],
)
def test_formats_of_pictures_ask_for_their_encoders_too(
    images: ImagesSettings, encoder: str, tmp_path: Path
) -> None:
    assert needed_encoders(EncodingSettings(), images) - NEEDED_ENCODERS == {encoder}
    require_ffmpeg_for(EncodingSettings(), images)
    ffmpeg = ffmpeg_with(tmp_path, without=encoder)
    with pytest.raises(ToolMissing, match=rf"lacks {encoder}\."):
        require_ffmpeg_for(EncodingSettings(ffmpeg=ffmpeg), images)


def test_a_machine_that_only_serves_needs_no_ffmpeg() -> None:
    require_ffmpeg_for(EncodingSettings(ffmpeg="/no/such/ffmpeg"), PICTURES)


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
