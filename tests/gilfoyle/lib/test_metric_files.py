import os
import subprocess
import sys
from pathlib import Path

import pytest

from gilfoyle.lib import metric_files, metrics
from gilfoyle.lib.metric_files import machine_folder, open_files
from tests.counted import counting
from tests.embedded import ROOT

COUNT_ELSEWHERE = """
import sys
from pathlib import Path
from gilfoyle.lib import metrics
meals = metrics.counter("meals", "Meals.")
from gilfoyle.lib.metric_files import open_files
open_files(Path(sys.argv[1]))
meals.add(amount=5)
"""


@pytest.fixture
def meals(monkeypatch: pytest.MonkeyPatch) -> metrics.Counter:
    monkeypatch.setattr(metrics, "_declared", {})
    return metrics.counter("meals", "Meals.")


def count_elsewhere(data_dir: Path) -> None:
    subprocess.run([sys.executable, "-c", COUNT_ELSEWHERE, str(data_dir)], check=True, cwd=ROOT, timeout=60)


def test_processes_are_added_up_and_the_next_takes_the_place_of_one_that_ended(
    tmp_path: Path, meals: metrics.Counter
) -> None:
    with counting(tmp_path) as counted:
        meals.add()
        count_elsewhere(tmp_path)
        count_elsewhere(tmp_path)
        assert counted.value("meals_total") == 11
        assert len(list(counted.files.folder.glob("counter_*.db"))) == 2


def test_the_first_of_all_begins_from_nothing(tmp_path: Path, meals: metrics.Counter) -> None:
    count_elsewhere(tmp_path)
    (machine_folder(tmp_path) / "counter_7.db").write_bytes(b"half a file of a machine that fell over")
    with counting(tmp_path) as counted:
        meals.add()
        assert counted.value("meals_total") == 1


def test_what_containers_that_are_gone_left_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "gone")
    open_files(tmp_path).close()
    monkeypatch.setattr("socket.gethostname", lambda: "living")
    living = open_files(tmp_path)
    monkeypatch.setattr("socket.gethostname", lambda: "own")
    folders = {path.name for path in (tmp_path / "metrics").iterdir()}
    assert folders == {"living"}
    own = open_files(tmp_path)
    assert {path.name for path in (tmp_path / "metrics").iterdir()} == {"living", "own"}
    own.close()
    living.close()


def test_others_of_this_machine_can_not_read_it(tmp_path: Path) -> None:
    with counting(tmp_path) as counted:
        assert counted.files.folder.stat().st_mode & 0o077 == 0
        assert (counted.files.folder / "0.lock").stat().st_mode & 0o077 == 0


def test_a_folder_that_is_full_of_processes_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_files, "MOST_PLACES", 0)
    with pytest.raises(OSError, match="more than 0 processes"):
        open_files(tmp_path)


def open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_nothing_stays_open_or_in_the_environment(tmp_path: Path) -> None:
    before = open_descriptors()
    with counting(tmp_path):
        pass
    assert open_descriptors() == before
    assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ
