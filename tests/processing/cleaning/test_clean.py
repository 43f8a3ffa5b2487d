"""A clean copy holds every picture and sound, coded as they were, on the same clock; and nothing else."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from gilfoyle.lib.config import EncodingSettings
from processing.cleaning.clean import CleanedCopy, KeptAsItIs, clean_copy
from processing.probing.probe import _sniff
from tests.clips import run_tool
from tests.processing.cleaning.telling import KINDS, PLANTED
from tests.processing.sources import SOUNDS, VIDEOS

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
    return run_tool(
        "-copyts", "-i", path, "-map", "0:V?", "-map", "0:a?", "-fps_mode", "passthrough", "-enc_time_base", "demux",
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
