from __future__ import annotations

from pathlib import Path

import pytest

from processing.errors import ToolFailed
from processing.probing import chapters
from processing.probing.chapters import FoundChapter, read_chapters
from processing.probing.probe import probe_source
from tests.clips import make_clip, run_tool
from tests.processing.whole_encode import ENCODING, UPLOAD


def chaptered(folder: Path, name: str, *titles: str, offset_s: float = 0) -> Path:
    """Make a clip with a chapter a second."""
    parts = [
        f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={at * 1000}\nEND={at * 1000 + 1000}\ntitle={title}\n"
        for at, title in enumerate(titles)
    ]
    facts = folder / "facts.txt"
    facts.write_text(";FFMETADATA1\n" + "".join(parts), encoding="utf-8")
    plain = make_clip(folder / "plain.mp4", duration_s=3)
    made = folder / name
    run_tool("-i", plain, "-f", "ffmetadata", "-i", facts, "-map", "0", "-map_chapters", "1", "-c", "copy",
             "-output_ts_offset", str(offset_s), made)  # fmt: skip
    return made


def found(source: Path) -> tuple[FoundChapter, ...]:
    info = probe_source(source, upload=UPLOAD, encoding=ENCODING)
    return read_chapters(source, info, encoding=ENCODING)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_the_chapters_of_a_source_are_read(name: str, tmp_path: Path) -> None:
    source = chaptered(tmp_path, name, "Opening", "Über uns", "")
    begins = found(source)
    assert [one.title for one in begins[:2]] == ["Opening", "Über uns"]
    assert begins[0].start_ms == 0
    assert [round(one.start_ms, -2) for one in begins] == [0, 1000, 2000]  # sound may begin a little earlier


def test_a_source_without_chapters_has_none(tmp_path: Path) -> None:
    assert found(make_clip(tmp_path / "a.mp4", duration_s=1)) == ()


def test_chapters_that_cannot_be_read_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=1)
    info = probe_source(source, upload=UPLOAD, encoding=ENCODING)
    source.write_bytes(b"\xff" * 1000)
    assert read_chapters(source, info, encoding=ENCODING) == ()

    def die(*_: object, **__: object) -> None:
        raise ToolFailed("killed", argv=(), exit_code=-9, stderr_tail="")

    monkeypatch.setattr(chapters, "run_script", die)
    assert read_chapters(source, info, encoding=ENCODING) == ()
