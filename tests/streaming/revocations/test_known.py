from __future__ import annotations

import pytest

from streaming.revocations.denials import VIDEO, Denial
from streaming.revocations.known import OVERLAP_S, WHOLE_EVERY_S, KnownDenials

AGE_S = 0.5


class Table:
    """Rows with the time at which they were written, a clock, and what was asked for."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[float, bool]] = {}
        self.now_s = 1_000.0
        self.asked: list[float | None] = []
        self.is_down = False
        self.known = KnownDenials(self.load, max_age_s=AGE_S, clock=lambda: self.now_s)

    def load(self, within_s):
        self.asked.append(within_s)
        if self.is_down:
            raise ZeroDivisionError
        since_s = float("-inf") if within_s is None else self.now_s - within_s
        return [
            Denial("p", VIDEO, name, None, is_over)
            for name, (at_s, is_over) in self.rows.items()
            if at_s >= since_s and not (within_s is None and is_over)
        ]

    def denied(self):
        return {name for (_kind, name), _bound in self.known.get().of_project("p")}


def test_all_is_read_first_and_then_what_is_new():
    table = Table()
    table.rows = {"old": (0.0, False)}
    assert table.denied() == {"old"}
    table.rows["new"] = (table.now_s, False)
    assert table.denied() == {"old"}
    table.now_s += AGE_S
    assert table.denied() == {"old", "new"}
    assert table.asked == [None, OVERLAP_S]


def test_a_renewal_in_time_spares_requests_the_query():
    table = Table()
    table.known.renew()
    for _ in range(100):
        table.now_s += AGE_S / 2
        table.known.renew()
        table.known.get()
    assert table.asked == [None, *[OVERLAP_S] * 100]


def test_what_was_lifted_is_forgotten():
    table = Table()
    table.rows = {"a": (table.now_s, False)}
    assert table.denied() == {"a"}
    table.now_s += 1
    table.rows["a"] = (table.now_s, True)
    assert table.denied() == set()


def test_a_row_that_was_committed_late_is_not_missed():
    table = Table()
    table.denied()
    written_s = table.now_s
    table.now_s += OVERLAP_S / 3
    table.denied()
    table.rows["late"] = (written_s, False)
    table.now_s += AGE_S
    assert table.denied() == {"late"}


def test_after_a_gap_all_is_read_again():
    table = Table()
    table.denied()
    table.rows["missed"] = (table.now_s + 1, False)
    table.now_s += 10 * OVERLAP_S
    assert table.denied() == {"missed"}
    assert table.asked == [None, None]


def test_now_and_then_all_is_read_again():
    table = Table()
    table.rows = {"a": (0.0, False)}
    table.denied()
    table.rows = {}
    for _ in range(int(WHOLE_EVERY_S)):
        table.now_s += 1
        table.denied()
    assert table.denied() == set()
    assert table.asked.count(None) == 2


def test_without_an_answer_there_is_none():
    table = Table()
    table.denied()
    table.is_down = True
    with pytest.raises(ZeroDivisionError):
        table.known.renew()
    assert table.denied() == set()
    table.now_s += AGE_S
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            table.denied()


def test_forgetting_reads_all_at_once():
    table = Table()
    table.denied()
    table.known.forget()
    table.denied()
    assert table.asked == [None, None]
