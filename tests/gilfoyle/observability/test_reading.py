from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError, connection

from gilfoyle.lib.config import Config
from gilfoyle.observability.figures import Figure, Group, Reading
from gilfoyle.observability.reading import KEPT_S, LIMIT_S, Figures, limited

pytestmark = pytest.mark.django_db
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(60)",
}


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def group(name: str, read: Any) -> Group:
    return Group(name, (Figure(f"figure_{name}", "Words.", {}),), read)


def one(_config: Config, _now: datetime) -> Reading:
    yield "figure_one", (), 1.0


def broken(_config: Config, _now: datetime) -> Iterator[Any]:
    yield "figure_broken", (), 1.0
    raise OperationalError


def test_what_can_not_be_read_hides_nothing_else_and_is_told() -> None:
    found = Figures((group("broken", broken), group("one", one))).get()
    assert found == {
        "figure_one": [((), 1.0)],
        "gilfoyle_figures_readable": [(("broken",), 0.0), (("one",), 1.0)],
    }


def test_who_asks_again_within_seconds_costs_no_query() -> None:
    clock, times = Clock(), []

    def counted(_config: Config, _now: datetime) -> Reading:
        times.append(1)
        yield "figure_counted", (), float(len(times))

    figures = Figures((group("counted", counted),), clock=clock)
    figures.get()
    clock.now_s = KEPT_S - 0.1
    assert figures.get()["figure_counted"] == [((), 1.0)]
    clock.now_s = KEPT_S
    assert figures.get()["figure_counted"] == [((), 2.0)]


def test_no_scrape_waits_for_ever() -> None:
    clock = Clock()

    def slow(_config: Config, _now: datetime) -> Reading:
        clock.now_s += LIMIT_S
        yield "figure_slow", (), 1.0

    found = Figures((group("slow", slow), group("one", one)), clock=clock).get()
    assert found["gilfoyle_figures_readable"] == [(("slow",), 1.0), (("one",), 0.0)]


def test_the_database_ends_a_query_that_takes_too_long() -> None:
    with pytest.raises(DatabaseError), limited(0.05), connection.cursor() as cursor:
        cursor.execute(ENDLESS[connection.vendor])
    with connection.cursor() as cursor:  # and later ones are as before
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_the_limit_ends_with_what_it_is_about() -> None:
    with limited(0.05), connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("0",)
