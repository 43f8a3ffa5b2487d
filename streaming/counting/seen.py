"""Which seconds of a video a session has had already: a row of bits, forgotten when its token ends.

It stands in Redis or Valkey where that is the broker, shared by all web processes; else in this process alone. It is
kept under a hash of the session with a random salt of the day on which the token was issued. A session's number says
nothing of a viewer, but whoever made the token may know whom it was for: once the salt is thrown away, not even they
find a viewing again.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from redis import Redis
from redis.exceptions import RedisError

from gilfoyle.lib.errors import Fault
from streaming.counting.watched import Viewing

ANSWER_S = 2.0
DAY_S = 86_400
SALT_LIFE_S = 3 * DAY_S  # the day itself, and the life of tokens that were issued on it
KEPT_SALTS = 8
PLAY_BIT = 0  # seconds follow
MAX_SESSIONS = 50_000


class SeenUnavailable(Fault):
    """What was seen can't be looked up now."""

    code = "seen_unavailable"


class Seen(Protocol):
    """Remembers."""

    def mark(self, viewings: Sequence[Viewing]) -> list[tuple[bool, int]]:
        """Remember viewings; return of each whether it is a new play, and how many of its seconds are new.

        Raises: SeenUnavailable.
        """


def mark_of(salt: bytes, viewing: Viewing) -> bytes:
    """Return what stands for a session of a video."""
    return hmac.digest(salt, viewing.session + viewing.video_id.encode(), "sha256")[:16]


def bits_of(viewing: Viewing) -> list[int]:
    """Return the places of a viewing's bits."""
    play = [PLAY_BIT] if viewing.is_play else []
    return play + [PLAY_BIT + 1 + second for second in sorted(viewing.seconds)]


def _new_of(viewing: Viewing, were: Sequence[int]) -> tuple[bool, int]:
    """Return what is new, by what the bits were before."""
    is_new_play = viewing.is_play and not were[0]
    return is_new_play, list(were).count(0) - is_new_play


class RedisSeen:
    """Remembers in Redis or Valkey."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)
        self._salts: OrderedDict[int, bytes] = OrderedDict()

    def mark(self, viewings: Sequence[Viewing]) -> list[tuple[bool, int]]:
        """Set the bits; those that were set before are not new."""
        try:
            pipeline: Any = self._redis.pipeline(transaction=False)
            for viewing in viewings:
                name = f"gilfoyle:watched:{mark_of(self._salt(viewing.issued_at_s // DAY_S), viewing).hex()}"
                sets = ("SET u1 #%d 1 " * len(bits)) % tuple(bits) if (bits := bits_of(viewing)) else ""
                pipeline.execute_command("BITFIELD", name, *sets.split())
                pipeline.expireat(name, viewing.expires_at_s + 1)
            before: list[list[int]] = pipeline.execute()[::2]
        except (RedisError, OSError) as error:
            message = "What was seen can't be looked up."
            raise SeenUnavailable(message, error=type(error).__name__) from error
        return [_new_of(viewing, were) for viewing, were in zip(viewings, before, strict=True)]

    def _salt(self, day: int) -> bytes:
        if day not in self._salts:
            name = f"gilfoyle:watched:salt:{day}"
            self._redis.set(name, secrets.token_bytes(32), nx=True, ex=SALT_LIFE_S)
            salt = cast("bytes | None", self._redis.get(name))
            if salt is None:  # pushed out a moment ago, of a server that is too small
                message = "What was seen can't be kept."
                raise SeenUnavailable(message)
            self._salts[day] = salt
            while len(self._salts) > KEPT_SALTS:
                self._salts.popitem(last=False)
        return self._salts[day]


class MemorySeen:
    """Remembers in this process alone.

    A session that several processes serve is a play to each of them, and what is fetched again by way of another is
    counted again. The longest unused sessions are forgotten first when there are too many.
    """

    def __init__(self, *, max_sessions: int = MAX_SESSIONS, clock: Callable[[], float] = time.time) -> None:
        self._max_sessions, self._clock = max_sessions, clock
        self._salt = secrets.token_bytes(32)
        self._sessions: OrderedDict[bytes, tuple[int, int]] = OrderedDict()

    def mark(self, viewings: Sequence[Viewing]) -> list[tuple[bool, int]]:
        """Set the bits; those that were set before are not new."""
        found = [self._mark(viewing) for viewing in viewings]
        self._forget()
        return found

    def _mark(self, viewing: Viewing) -> tuple[bool, int]:
        name = mark_of(self._salt, viewing)
        _, had = self._sessions.pop(name, (0, 0))
        bits = bits_of(viewing)
        self._sessions[name] = (viewing.expires_at_s, had | sum(1 << bit for bit in bits))
        return _new_of(viewing, [had >> bit & 1 for bit in bits])

    def _forget(self) -> None:
        """Drop the sessions at the head that are over, and what is beyond the bound."""
        now_s = self._clock()
        while self._sessions:
            name, (expires_at_s, _) = next(iter(self._sessions.items()))
            if expires_at_s > now_s and len(self._sessions) <= self._max_sessions:
                return
            del self._sessions[name]

    def __len__(self) -> int:
        return len(self._sessions)


def make_seen(broker_url: str) -> Seen:
    """Return where this Gilfoyle remembers."""
    is_redis = broker_url.startswith(("redis://", "rediss://", "unix://"))
    return RedisSeen(broker_url) if is_redis else MemorySeen()
