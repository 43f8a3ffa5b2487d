from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from redis import Redis

from gilfoyle.lib.ids import random_text
from tests.factories import api_client, make_api_key
from tests.limited import at_once, limited_account
from tests.services import redis_url
from videos.access import throttling
from videos.access.models import RequestCount
from videos.access.throttling import DatabaseCounter, RateLimitHeaders, RedisCounter, forget_counts

MANY, MOST = 100, 37
AT = datetime(2026, 11, 29, 12, 0, 15, tzinfo=UTC)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that stands until it is set."""

    class Clock:
        at = AT

        def now(self) -> Any:
            return self.at

        def set(self, **change: Any) -> None:
            self.at = self.at.replace(**change)

    clock = Clock()
    monkeypatch.setattr("videos.access.throttling.timezone.now", clock.now)
    return clock


def subjects() -> dict[str, int]:
    return {f"key:{random_text(8)}": MOST + 20, f"project:{random_text(8)}": MOST}


@pytest.mark.django_db
def test_requests_are_counted_and_told(clock: Any) -> None:
    account = limited_account(max_requests_a_minute=2, of_key={"max_requests_a_minute": 5})
    api = account.client()
    first = api.get("/api/v1/account")
    assert first["RateLimit-Policy"] == '"key";q=5;w=60, "project";q=2;w=60'
    assert first["RateLimit"] == '"key";r=4;t=45, "project";r=1;t=45'
    assert first.json()["limits"]["requests_a_minute"] == 2
    assert api.get("/api/v1/account").status_code == 200
    refused = api.get("/api/v1/videos")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused["Retry-After"] == "45"
    assert refused["RateLimit"] == '"key";r=3;t=45, "project";r=0;t=45'  # what is refused counts for nobody
    assert (refused.json()["of"], refused.json()["limit"]) == ("project", 2)
    clock.set(minute=1)
    assert api.get("/api/v1/account").status_code == 200


@pytest.mark.django_db
def test_a_key_does_not_use_up_what_others_have(clock: Any) -> None:
    account = limited_account(max_requests_a_minute=3, of_key={"max_requests_a_minute": 1})
    _, text = make_api_key(account.project)
    assert [account.client().get("/api/v1/account").status_code for _ in range(3)] == [200, 429, 429]
    assert [api_client(text).get("/api/v1/account").status_code for _ in range(3)] == [200, 200, 429]
    assert limited_account().client().get("/api/v1/account").status_code == 200


@pytest.mark.django_db
def test_without_a_limit_nothing_is_counted_or_told(django_assert_max_num_queries: Any) -> None:
    answer = limited_account().client().get("/api/v1/account")
    assert "RateLimit" not in answer
    assert not RequestCount.objects.exists()


@pytest.mark.django_db
def test_who_is_not_let_in_is_not_counted(clock: Any) -> None:
    account = limited_account(max_requests_a_minute=1)
    assert api_client(account.key_text[:-1] + "!").get("/api/v1/account").status_code == 401
    assert account.client().get("/api/v1/account").status_code == 200


@pytest.mark.django_db
def test_upload_addresses_count_for_the_key_that_gave_them(clock: Any) -> None:
    account = limited_account(of_key={"max_requests_a_minute": 2})
    made = account.client().post(
        "/api/v1/uploads", {"allowed_origins": ["https://shop.example"]}, format="json"
    )
    path = re.sub(r"^https?://[^/]+", "", made.json()["tus_url"])
    headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "4", "Origin": "https://shop.example"}
    assert api_client(None).post(path, headers=headers).status_code == 201
    refused = api_client(None).post(path, headers=headers)
    assert refused.status_code == 429
    assert refused["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "RateLimit" in refused["Access-Control-Expose-Headers"]


@pytest.mark.django_db
def test_pages_that_ask_how_it_goes_use_up_nothing(clock: Any) -> None:
    account = limited_account(max_requests_a_minute=2)
    made = account.client().post("/api/v1/uploads", {}, format="json").json()
    tus, page = (re.sub(r"^https?://[^/]+", "", made[name]) for name in ("tus_url", "page_url"))
    anybody = api_client(None)
    begun = anybody.post(tus, headers={"Tus-Resumable": "1.0.0", "Upload-Length": "4"})
    assert begun.status_code == 201
    upload = f"{tus.rpartition('/')[0]}/{begun['Location']}"
    for _ in range(3):
        assert [anybody.get(tus).status_code, anybody.head(tus).status_code] == [200, 200]
        assert anybody.get(page).status_code == 200
    assert "RateLimit" not in anybody.get(tus)
    asked = anybody.head(upload, headers={"Tus-Resumable": "1.0.0"})
    assert asked.status_code == 429  # what clients do to go on is counted


@pytest.mark.django_db(transaction=True)
def test_the_database_counts_exactly(clock: Any) -> None:
    limits, counter = subjects(), DatabaseCounter()
    counted = at_once([partial(counter.count, limits)] * MANY)
    assert sum(is_allowed for is_allowed, _, _ in counted) == MOST
    rows = RequestCount.objects.filter(subject__in=limits)
    assert list(rows.values_list("count", flat=True)) == [MOST, MOST]
    assert {tuple(counts) for is_allowed, counts, _ in counted if not is_allowed} == {(MOST, MOST)}


@pytest.mark.django_db
def test_a_web_server_whose_clock_is_behind_counts_in_the_same_minute(clock: Any) -> None:
    counter = DatabaseCounter()
    clock.set(minute=1)
    assert counter.count({"x": 2})[1] == [1]
    clock.set(minute=0)
    assert counter.count({"x": 2})[1] == [2]
    assert not counter.count({"x": 2})[0]


@pytest.mark.django_db
def test_who_waited_for_its_turn_counts_in_the_minute_in_which_that_came(
    clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = DatabaseCounter()
    counter.count({"x": 1})
    locked = counter._locked

    def wait(subjects: list[str]) -> list[RequestCount]:
        clock.set(minute=1, second=0)
        return locked(subjects)

    monkeypatch.setattr(counter, "_locked", wait)
    assert counter.count({"x": 1}) == (True, [1], 60)


@pytest.mark.django_db
def test_counts_of_long_ago_are_forgotten(clock: Any) -> None:
    DatabaseCounter().count({"old": 5})
    assert forget_counts() == 0
    clock.set(hour=14)
    assert forget_counts() == 1
    assert forget_counts() == 0


def test_redis_counts_exactly() -> None:
    url, limits = redis_url(), subjects()
    counters = [RedisCounter(url), RedisCounter(url)]  # as of two web processes
    counted = at_once([partial(counters[n % 2].count, limits) for n in range(MANY)])
    allowed = [counts[1] for is_allowed, counts, _ in counted if is_allowed]
    # A new minute may begin meanwhile, with a count of its own.
    minutes = _counts_in(url, limits)
    assert len(minutes) in {1, 2}
    assert len(allowed) == sum(minutes)
    assert all(count <= MOST for count in minutes)
    assert len(allowed) >= MOST
    assert all(0 < next_in_s <= 60 for _, _, next_in_s in counted)


def _counts_in(url: str, limits: dict[str, int]) -> list[int]:
    """Return what was counted of the project, a minute each; all of it will be forgotten."""
    server: Any = Redis.from_url(url, decode_responses=True)
    keys = server.keys(f"gilfoyle:requests:{list(limits)[1]}:*")
    assert all(0 < server.ttl(key) <= 120 for key in keys)
    return [int(server.get(key)) for key in keys]


def test_a_redis_that_is_away_stops_nobody_and_is_not_waited_for_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = RedisCounter("unix:///nowhere/redis.sock")
    assert counter.count({"x": 1}) == (True, [0], 60)
    monkeypatch.setattr(counter, "_script", None)  # asked, it would break
    assert counter.count({"x": 1}) == (True, [0], 60)


@pytest.mark.django_db
def test_a_database_that_can_not_be_written_stops_nobody_and_is_not_waited_for_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []

    def locked(_subjects: list[str]) -> list[RequestCount]:
        asked.append(1)
        message = "database is locked"
        raise OperationalError(message)

    counter = DatabaseCounter()
    monkeypatch.setattr(counter, "_locked", locked)
    assert counter.count({"x": 1}) == (True, [0], 60)
    assert counter.count({"x": 1}) == (True, [0], 60)
    assert len(asked) == 1


def test_the_broker_says_who_counts() -> None:
    assert isinstance(throttling._counter("unix:///data/valkey.sock"), RedisCounter)
    assert isinstance(throttling._counter("rediss://host/0"), RedisCounter)
    assert isinstance(throttling._counter("amqp://host"), DatabaseCounter)


def test_answers_to_what_was_not_counted_say_nothing() -> None:
    answered = RateLimitHeaders(lambda _request: HttpResponse())(HttpRequest())
    assert "RateLimit" not in answered
