"""What the child tells of files: names and counts, never what anybody wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.config import EncodingSettings
from processing.cleaning import look
from processing.cleaning.found import count_telling
from processing.cleaning.look import LookFailed, blot_out_notes, look_at
from processing.ffmpeg import runner
from tests.clips import make_clip, remux_clip
from tests.processing.cleaning.telling import PLANTED, noted, phone
from tests.processing.remote import Counted, require_namespaces

ENCODING = EncodingSettings()
H265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error", "-tag:v", "hvc1")


def test_only_names_and_counts_come_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[bytes] = []
    run = runner.run_script

    def keep(*args: Any, **options: Any) -> Any:
        answer = run(*args, **options)
        printed.append(json.dumps(answer).encode())
        return answer

    monkeypatch.setattr(look, "run_script", keep)
    found = look_at(phone(tmp_path), "mp4", encoding=ENCODING)
    told = count_telling(found)
    assert {"location", "dates", "names", "chapters", "positions"} <= set(told)
    # Texts are looked at for places; nothing else of what is said is.
    said = printed[0].replace(b"GPS(13.4050,52.5200,19) PlantedTrack", b"")
    assert not [secret for secret in PLANTED if secret in said]


def test_notes_are_blotted_out_where_they_stand(tmp_path: Path) -> None:
    source = noted(tmp_path)
    before = look_at(source, "mp4", encoding=ENCODING)
    assert before.notes
    copy = tmp_path / "work" / "copy.mp4"
    copy.parent.mkdir()
    copy.write_bytes(source.read_bytes())
    blot_out_notes(copy, "mp4", encoding=ENCODING)
    after = look_at(copy, "mp4", encoding=ENCODING)
    assert after.notes == 0
    assert [one.digest for one in after.streams] == [one.digest for one in before.streams]
    assert copy.stat().st_size == source.stat().st_size
    assert not [secret for secret in PLANTED if secret in copy.read_bytes()]


def test_notes_in_the_header_of_h265_are_blotted_out(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=0.5, audio=False, video_args=H265)
    assert b"x265 (build" in source.read_bytes()
    assert look_at(source, "mp4", encoding=ENCODING).notes
    blot_out_notes(source, "mp4", encoding=ENCODING)
    assert look_at(source, "mp4", encoding=ENCODING).notes == 0
    assert b"x265 (build" not in source.read_bytes()


def test_hostile_tags_are_counted(tmp_path: Path) -> None:
    plain = make_clip(tmp_path / "plain.mkv", duration_s=0.5)
    hostile = ["\x1b[31m\x07", "x" * 5000, "GPS\u202e", "a" * 60_000]
    tags = [part for name in hostile for part in ("-metadata", f"{name}={'y' * 60_000}")]
    source = remux_clip(tmp_path / "a.mkv", plain, args=tags)
    data = source.read_bytes().replace(b"yyyy", b"\xff\0\xfe\n", 2000)
    source.write_bytes(data)
    found = look_at(source, "matroska", encoding=ENCODING)
    assert all(len(name) <= 64 for name in found.tags)
    assert count_telling(found)["location"] == 1
    assert count_telling(found)["other_tags"] >= 3


def test_a_file_that_is_none_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom" + b"\xff" * 4000)
    with pytest.raises(LookFailed):
        look_at(path, "mp4", encoding=ENCODING)


def test_a_remote_source_is_looked_at_where_it_is(tmp_path: Path) -> None:
    require_namespaces()
    source = make_clip(tmp_path / "a.mp4", duration_s=1)
    far = Counted(source)
    assert look_at(far.source, "mp4", encoding=ENCODING) == look_at(source, "mp4", encoding=ENCODING)
    assert far.reads
