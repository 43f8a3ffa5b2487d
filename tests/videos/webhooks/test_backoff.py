from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.webhooks.backoff import (
    LONGEST_REST_S,
    LONGEST_WAIT_S,
    PAUSES_S,
    pause_before_next_s,
    read_retry_after,
    rest_of_endpoint_s,
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_the_schedule_is_the_scheme_s() -> None:
    minutes, hours = 60, 3600
    told = [
        0,
        5,
        5 * minutes,
        30 * minutes,
        2 * hours,
        5 * hours,
        10 * hours,
        14 * hours,
        20 * hours,
        24 * hours,
    ]
    assert list(PAUSES_S) == told
    assert [pause_before_next_s(tries) for tries in range(1, 11)] == [*told[1:], None]


def test_a_receiver_may_ask_for_more_time_but_not_for_less_nor_for_ever() -> None:
    assert pause_before_next_s(1, retry_after_s=120) == 120
    assert pause_before_next_s(4, retry_after_s=1) == 7200
    assert pause_before_next_s(1, retry_after_s=10**9) == LONGEST_WAIT_S


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("99999999999999999999", float(LONGEST_WAIT_S)),
        ("Fri, 20 Nov 2026 12:02:00 GMT", 120.0),
        ("Fri, 20 Nov 2026 11:00:00 GMT", 0.0),
        ("Fri, 20 Nov 2999 11:00:00 GMT", float(LONGEST_WAIT_S)),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\u0661\u0662", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, wanted: float | None) -> None:
    assert read_retry_after(text, now=NOW) == wanted


@given(st.text(max_size=40))
def test_no_retry_after_breaks_anything(text: str) -> None:
    found = read_retry_after(text, now=NOW)
    assert found is None or 0 <= found <= LONGEST_WAIT_S


def test_an_endpoint_rests_longer_the_more_it_fails() -> None:
    rests = [rest_of_endpoint_s(failures, status=500) for failures in range(1, 12)]
    assert rests[:4] == [0, 0, 5, 10]
    assert rests == sorted(rests)
    assert rests[-1] == LONGEST_REST_S
    assert rest_of_endpoint_s(10**6, status=None) == LONGEST_REST_S


def test_one_that_is_busy_rests_at_once_and_as_long_as_it_asks() -> None:
    assert [rest_of_endpoint_s(1, status=status) for status in (429, 502, 504)] == [5, 5, 5]
    assert rest_of_endpoint_s(1, status=429, retry_after_s=60) == 60
    assert rest_of_endpoint_s(1, status=503, retry_after_s=60) == 60
