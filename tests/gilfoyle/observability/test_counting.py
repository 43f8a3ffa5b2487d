from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import metric_files
from gilfoyle.observability import counting
from tests.captured_logs import logging_as


@pytest.fixture(autouse=True)
def nothing_counted(settings: Any, tmp_path: Path) -> Iterator[None]:
    settings.DATA_DIR = tmp_path
    counting.end_counting()  # a test that boots a worker in this process lets it count
    yield
    counting.end_counting()


def test_it_counts_once_a_process(tmp_path: Path) -> None:
    assert counting.get_files() is None
    files = counting.begin_counting()
    assert files is not None
    assert files is counting.begin_counting() is counting.get_files()
    counting.end_counting()
    assert counting.get_files() is None


def test_it_counts_nothing_where_that_is_not_wanted(settings: Any, tmp_path: Path) -> None:
    wanted = settings.GILFOYLE.observability.metrics.model_copy(update={"enabled": False})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(
        update={"observability": settings.GILFOYLE.observability.model_copy(update={"metrics": wanted})}
    )
    assert counting.begin_counting() is None
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_can_not_be_written_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / metric_files.FOLDER).write_bytes(b"")
    with logging_as() as written:
        assert counting.begin_counting() is None
    assert "nothing_is_counted" in written.getvalue()
