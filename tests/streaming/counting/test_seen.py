from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from redis import Redis

from gilfoyle.lib.ids import random_text
from streaming.counting.seen import MemorySeen, RedisSeen, Seen, SeenUnavailable, make_seen
from streaming.counting.watched import Viewing
from tests.services import redis_url

HOUR = 3600


def viewing(*seconds: int, session: bytes = b"s" * 8, is_play: bool = False, life_s: int = HOUR) -> Viewing:
    now = int(time.time())
    return Viewing("p", VIDEO, session, now, now + life_s, set(seconds), is_play)


VIDEO = f"vid_{random_text(18)}"


@pytest.fixture(params=[MemorySeen, lambda: RedisSeen(redis_url())], ids=["memory", "redis"])
def seen(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Seen:
    monkeypatch.setitem(globals(), "VIDEO", f"vid_{random_text(18)}")
    make: Callable[[], Seen] = request.param
    return make()


def test_a_session_is_one_play_and_has_each_second_once(seen: Seen) -> None:
    assert seen.mark([viewing(0, 1, 2, 3)]) == [(False, 4)]
    assert seen.mark([viewing(2, 3, 4, 5, is_play=True)]) == [(True, 2)]
    assert seen.mark([viewing(0, 5, is_play=True)]) == [(False, 0)]
    assert seen.mark([viewing(0, 1, session=b"t" * 8, is_play=True)]) == [(True, 2)]


def test_many_are_marked_at_once(seen: Seen) -> None:
    sessions = [bytes([number]) * 8 for number in range(3)]
    some = [viewing(*range(number), session=one, is_play=True) for number, one in enumerate(sessions)]
    assert seen.mark(some) == [(True, 0), (True, 1), (True, 2)]
    assert seen.mark(some[::-1]) == [(False, 0)] * 3
    assert seen.mark([viewing(session=b"n" * 8)]) == [(False, 0)]


def test_processes_share_what_redis_has_seen() -> None:
    first, second = RedisSeen(redis_url()), RedisSeen(redis_url())
    assert first.mark([viewing(7, session=b"u" * 8, is_play=True)]) == [(True, 1)]
    assert second.mark([viewing(7, 8, session=b"u" * 8, is_play=True)]) == [(False, 1)]


def test_a_long_video_is_marked_in_pieces() -> None:
    seen = RedisSeen(redis_url())
    assert seen.mark([viewing(*range(12_000), session=b"l" * 8, is_play=True)]) == [(True, 12_000)]
    assert seen.mark([viewing(*range(12_001), session=b"l" * 8, is_play=True)]) == [(False, 1)]


def test_redis_forgets_with_the_token_and_never_knew_the_session() -> None:
    session = random_text(8).encode()
    redis = Redis.from_url(redis_url())
    before = set(redis.scan_iter("gilfoyle:watched:*"))
    RedisSeen(redis_url()).mark([viewing(1, session=session, life_s=600)])
    names = set(redis.scan_iter("gilfoyle:watched:*")) - before
    marks = [name for name in names if b":salt:" not in name]
    assert len(marks) == 1
    assert 0 < redis.ttl(marks[0]) <= 601
    salts = list(redis.scan_iter("gilfoyle:watched:salt:*"))
    assert salts
    assert all(0 < redis.ttl(name) <= 3 * 86_400 for name in salts)
    for name in (*names, *salts):
        assert session not in name
        assert session.hex().encode() not in name
        assert session not in (redis.get(name) or b"")


def test_a_redis_that_is_away_is_told() -> None:
    with pytest.raises(SeenUnavailable):
        RedisSeen("redis://127.0.0.1:1/0").mark([viewing(1)])


def test_memory_forgets_what_is_over_and_what_is_too_much() -> None:
    now = time.time()
    seen = MemorySeen(max_sessions=3, clock=lambda: now)
    for number in range(5):
        seen.mark([viewing(1, session=bytes([number]) * 8)])
    assert len(seen) == 3
    now += 2 * HOUR
    seen.mark([viewing(1, session=b"z" * 8, life_s=4 * HOUR)])
    assert len(seen) == 1


def test_where_the_broker_is_no_redis_the_process_remembers() -> None:
    assert isinstance(make_seen("amqp://localhost"), MemorySeen)
    assert isinstance(make_seen("unix:///tmp/broker.sock"), RedisSeen)
