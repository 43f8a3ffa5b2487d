from __future__ import annotations

from pathlib import Path

import pytest

from tests.corpus.__main__ import PAGE, main
from tests.corpus.catalogue import SOURCES
from tests.corpus.table import render


def test_the_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run: python -m tests.corpus table"


def test_it_lists_every_source(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(SOURCES)


def test_it_leaves_nothing_but_the_source(tmp_path: Path) -> None:
    assert main(["make", str(tmp_path), "two languages", "ZIP"]) == 0
    assert sorted(path.name for path in tmp_path.rglob("*.*") if path.is_file()) == ["film.mp4", "two.mkv"]
