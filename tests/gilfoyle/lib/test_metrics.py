from pathlib import Path

import pytest

from gilfoyle.lib import metrics
from tests.counted import counting


@pytest.fixture(autouse=True)
def own_declarations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_declared", {})


def test_nothing_is_counted_until_files_are_open(tmp_path: Path) -> None:
    meals = metrics.counter("meals", "Meals.", taste=("sweet", "sour"))
    meals.add("sweet")
    with counting(tmp_path) as counted:
        meals.add("sweet", amount=2)
        assert counted.value("meals_total", taste="sweet") == 2
    meals.add("sweet")
    with counting(tmp_path) as counted:
        assert counted.value("meals_total", taste="sweet") == 0  # nobody counted meanwhile: it begins anew


def test_a_counter_is_there_before_its_first_increase(tmp_path: Path) -> None:
    metrics.counter("meals", "Meals.", taste=("sweet", "sour"))
    with counting(tmp_path) as counted:
        page = b"".join(path.read_bytes() for path in counted.files.folder.glob("counter_*.db"))
        assert b'"sour"' in page


@pytest.mark.parametrize("sent", ['sweet"} 1\nstolen{a="', "\N{SNOWMAN}" * 9000, "", "SWEET", "sweet\0"])
def test_what_strangers_send_makes_no_series(tmp_path: Path, sent: str) -> None:
    meals = metrics.counter("meals", "Meals.", taste=("sweet", "sour"), place=("here",))
    sizes = metrics.histogram("sizes", "Sizes.", buckets=(1, 2), taste=("sweet",))
    with counting(tmp_path) as counted:
        for number in range(50):
            meals.add(f"{sent}{number}", sent)
            sizes.note(1.5, f"{sent}{number}")
        assert counted.labels("meals_total") == {("other", "other")}
        assert counted.labels("sizes_count") == {("other",)}


def test_too_few_labels_count_nothing(tmp_path: Path) -> None:
    meals = metrics.counter("meals", "Meals.", taste=("sweet",))
    with counting(tmp_path) as counted:
        meals.add()
        assert counted.labels("meals_total") == set()


def test_amounts_are_sorted_into_buckets(tmp_path: Path) -> None:
    sizes = metrics.histogram("sizes", "Sizes.", buckets=(1, 2))
    with counting(tmp_path) as counted:
        for amount in (0.5, 1.5, 9):
            sizes.note(amount)
        found = [counted.value("sizes_bucket", le=bound) for bound in ("1.0", "2.0", "+Inf")]
        assert (found, counted.value("sizes_sum")) == ([1, 2, 3], 11)


def test_a_moment_is_the_latest(tmp_path: Path) -> None:
    turn = metrics.moment("turn", "When.")
    with counting(tmp_path) as counted:
        turn.note(100.5)
        turn.note(200.5)
        assert counted.value("turn") == 200.5


def test_a_name_is_declared_once() -> None:
    metrics.counter("meals", "Meals.")
    with pytest.raises(ValueError, match="twice"):
        metrics.counter("meals", "Meals.")
