"""A clean copy holds every picture and sound, coded as they were, on the same clock; and nothing else."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.errors import NoSpace
from processing.cleaning import clean
from processing.cleaning.clean import CleanedCopy, KeptAsItIs, clean_copy
from processing.cleaning.look import look_at
from processing.errors import ToolFailed
from processing.probing.probe import _sniff
from tests.clips import make_clip, remux_clip, run_tool
from tests.processing.cleaning.telling import KINDS, PLANTED
from tests.processing.sources import SOUNDS, VIDEOS
from tests.processing.test_hdr import MASTERED, PQ, grays, hdr_source

ENCODING = EncodingSettings()
SOURCES = {**{name: made[0] for name, made in VIDEOS.items()}, **SOUNDS}
ODD = (
    "rotated", "23.976 in Matroska", "59.94 in MPEG-TS", "open GOP", "MJPEG in MOV", "variable rate in Matroska", "late video",
    "starting at ten seconds", "edit list", "fragmented", "live WebM", "wrapping MPEG-TS", "MP3", "ADTS",
)  # fmt: skip


def cleaned(source: Path, folder: Path) -> CleanedCopy | KeptAsItIs:
    work = folder / "work"
    work.mkdir()
    container = _sniff(source, source.stat().st_size)
    return clean_copy(source, container, work_dir=work, encoding=ENCODING)


def decoded(path: Path) -> bytes:
    """Return what players show and sound, frame by frame with its time; a cover is neither."""
    known = (
        ("-f", "wav") if path.suffix == ".wav" else ()
    )  # whose first bytes ffmpeg takes for another kind's
    return run_tool(
        "-copyts", *known, "-i", path, "-map", "0:V?", "-map", "0:a?", "-fps_mode", "passthrough", "-enc_time_base", "demux",
        "-f", "framemd5", "-",
    )  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_was_planted_is_left(kind: str, tmp_path: Path) -> None:
    source = KINDS[kind](tmp_path)
    before = source.read_bytes()
    assert any(secret in before for secret in PLANTED)
    made = cleaned(source, tmp_path)
    assert isinstance(made, CleanedCopy), made
    after = made.path.read_bytes()
    for secret in PLANTED:
        assert secret not in after
        assert secret.decode().encode("utf-16-le") not in after
        assert secret.decode().encode("utf-16-be") not in after
    assert source.read_bytes() == before
    assert (made.size_bytes, made.sha256) == (len(after), sha256(after).hexdigest())
    assert made.removed or kind == "MPEG-TS", "what the name of a service is about is anybody's guess"
    assert decoded(made.path) == decoded(source)


@pytest.mark.parametrize("name", ODD)
def test_pictures_sounds_and_times_stay_what_they_are(name: str, tmp_path: Path) -> None:
    source = SOURCES[name](tmp_path)
    made = cleaned(source, tmp_path)
    assert isinstance(made, CleanedCopy), made
    assert decoded(made.path) == decoded(source)


def test_hdr_stays_and_its_encoder_says_nothing(tmp_path: Path) -> None:
    source = hdr_source(tmp_path / "a.mp4", grays([32 * level for level in range(8)]), PQ, *MASTERED)
    assert b"x265 (build" in source.read_bytes()
    made = cleaned(source, tmp_path)
    assert isinstance(made, CleanedCopy), made
    assert b"x265 (build" not in made.path.read_bytes()
    assert made.removed["camera_notes"]
    (before,), (after,) = (look_at(path, "mp4", encoding=ENCODING).kept for path in (source, made.path))
    shown = " ".join(after.picture)
    assert "MASTERING_DISPLAY_METADATA" in shown
    assert "CONTENT_LIGHT_LEVEL" in shown
    assert (after.picture, after.properties) == (before.picture, before.properties)
    assert decoded(made.path) == decoded(source)


def test_languages_and_what_streams_are_for_stay_and_their_titles_go(tmp_path: Path) -> None:
    plain = make_clip(tmp_path / "plain.mkv", duration_s=1)
    maps = ("-map", "0:v", "-map", "0:a", "-map", "0:a")
    purposes = ("-disposition:a:0", "default", "-disposition:a:1", "comment+visual_impaired")
    languages = ("-metadata:s:a:0", "language=ger", "-metadata:s:a:1", "language=pt-BR")
    titles = ("-metadata:s:a:1", "title=PlantedTitle", "-metadata:s:v", "title=PlantedTitle")
    source = remux_clip(tmp_path / "a.mkv", plain, args=(*maps, *purposes, *languages, *titles))
    made = cleaned(source, tmp_path)
    assert isinstance(made, CleanedCopy), made
    assert b"PlantedTitle" not in made.path.read_bytes()
    after = look_at(made.path, "matroska", encoding=ENCODING).kept
    assert [one.kept_tags.get("language") for one in after] == [None, "ger", "pt-BR"]
    assert {"comment", "visual_impaired"} <= set(after[2].dispositions)


def test_a_part_that_can_not_be_read_is_no_reason_to_lose_it(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.flac", duration_s=2, video=False)
    data = bytearray(source.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 3000] = bytes(3000)
    source.write_bytes(data)
    made = cleaned(source, tmp_path)
    if isinstance(made, CleanedCopy):
        assert decoded(made.path) == decoded(source)
    assert source.read_bytes() == data


def test_a_source_without_room_for_a_copy_is_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=1)
    monkeypatch.setattr(clean, "SPARE_BYTES", 2**62)
    with pytest.raises(NoSpace):
        cleaned(source, tmp_path)
    assert not list((tmp_path / "work").iterdir())


def test_a_file_that_is_none_stays(tmp_path: Path) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x08moov")
    made = clean_copy(source, "mp4", work_dir=tmp_path, encoding=ENCODING)
    assert isinstance(made, KeptAsItIs)


def ending_with(folder: Path, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let something stand for ffmpeg that ends in this way."""
    program = folder / "ffmpeg"
    program.write_text(f"#!/bin/sh\n{command}\n")
    program.chmod(0o755)
    monkeypatch.setattr(clean, "usable_ffmpeg", lambda _setting: str(program))


def test_what_ffmpeg_refuses_to_write_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ending_with(tmp_path, "exit 1", monkeypatch)
    made = cleaned(make_clip(tmp_path / "a.mp4", duration_s=1), tmp_path)
    assert isinstance(made, KeptAsItIs)
    assert "written" in made.reason
    assert made.left


def test_a_copy_that_somebody_broke_off_may_be_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending_with(tmp_path, "kill -9 $$", monkeypatch)
    with pytest.raises(ToolFailed):
        cleaned(make_clip(tmp_path / "a.mp4", duration_s=1), tmp_path)
