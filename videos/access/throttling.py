"""Requests of a key and of its project in a minute: counted exactly, by all web processes together.

Where the broker is Redis or Valkey it counts, in one script that nothing comes between; else the database does, under
row locks. (DRF's own throttles read, add and write back, and so let through more than they say under load.) A Redis that
is away stops nobody: the API does not need it otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol, cast

import structlog
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from redis import Redis
from redis.exceptions import RedisError

from gilfoyle.lib.config import Config
from gilfoyle.lib.transactions import atomic
from videos.access.limits import limits_of_key, limits_of_project
from videos.access.models import ApiKey, Project, RequestCount
from videos.errors import TooManyRequests

log = structlog.get_logger(__name__)
WINDOW_S = 60
ANSWER_S = 0.5  # a Redis that takes longer is away
STAND_BACK_S = 5.0
# Counts a request of all KEYS (ARGV: their limits), or of none where one is at its limit. By the clock of the server,
# which all web processes share.
SCRIPT = """
local now = tonumber(redis.call('TIME')[1])
local window = now - now % 60
local answer = {60 - now % 60, 0}
for i, key in ipairs(KEYS) do
  local count = tonumber(redis.call('GET', key .. ':' .. window) or '0')
  if count >= tonumber(ARGV[i]) then answer[2] = 1 end
  answer[i + 2] = count
end
if answer[2] == 0 then
  for i, key in ipairs(KEYS) do
    answer[i + 2] = redis.call('INCR', key .. ':' .. window)
    redis.call('EXPIRE', key .. ':' .. window, 120)
  end
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a limit stands after a request."""

    of: str
    limit: int
    count: int


@dataclass(frozen=True, slots=True)
class Counted:
    """Whether a request may be served, how the limits stand, and when the next minute begins."""

    is_allowed: bool
    standings: tuple[Standing, ...]
    next_in_s: int

    def headers(self) -> dict[str, str]:
        """Return what tells clients of it (draft-ietf-httpapi-ratelimit-headers)."""
        policies = [f'"{one.of}";q={one.limit};w={WINDOW_S}' for one in self.standings]
        left = [f'"{one.of}";r={max(0, one.limit - one.count)};t={self.next_in_s}' for one in self.standings]
        return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(left)}


class Counter(Protocol):
    """Counts a request of several subjects at once, or of none where one of them is at its limit."""

    def count(self, limits: Mapping[str, int]) -> tuple[bool, list[int], int]:
        """Return whether it was counted, the counts in the order of `limits`, and the seconds to the next minute."""


class RedisCounter:
    """Counts in Redis or Valkey."""

    def __init__(self, url: str) -> None:
        self._redis = Redis.from_url(url, socket_timeout=ANSWER_S, socket_connect_timeout=ANSWER_S)
        self._script = self._redis.register_script(SCRIPT)
        self._away_until = 0.0

    def count(self, limits: Mapping[str, int]) -> tuple[bool, list[int], int]:
        """Count a request; a server that is away lets it pass, and is asked again a little later."""
        if time.monotonic() >= self._away_until:
            try:
                keys = [f"gilfoyle:requests:{subject}" for subject in limits]
                next_in_s, is_full, *counts = cast(
                    "list[int]", self._script(keys=keys, args=list(limits.values()))
                )
            except (RedisError, OSError) as error:
                self._away_until = time.monotonic() + STAND_BACK_S
                log.warning("requests_not_counted", error=str(error))
            else:
                return not is_full, counts, next_in_s
        return True, [0 for _ in limits], WINDOW_S


class DatabaseCounter:
    """Counts in rows, for a broker that can't."""

    def __init__(self) -> None:
        self._away_until = 0.0

    def count(self, limits: Mapping[str, int]) -> tuple[bool, list[int], int]:
        """Count a request; a database that can't be written lets it pass, and is asked again a little later."""
        if time.monotonic() >= self._away_until:
            try:
                return self._count(limits)
            except OperationalError as error:
                self._away_until = time.monotonic() + STAND_BACK_S
                log.warning("requests_not_counted", error=str(error))
        return True, [0 for _ in limits], WINDOW_S

    @atomic
    def _count(self, limits: Mapping[str, int]) -> tuple[bool, list[int], int]:
        """Count under the locks of the subjects' rows."""
        rows = self._locked(sorted(limits))
        now_s = int(timezone.now().timestamp())  # only now: the locks may have been waited for
        for row in rows:
            if row.minute < now_s // WINDOW_S:  # of web servers whose clocks differ, the one ahead counts
                row.minute, row.count = now_s // WINDOW_S, 0
        counts = {row.subject: row.count for row in rows}
        is_allowed = all(counts[subject] < limit for subject, limit in limits.items())
        if is_allowed:
            for row in rows:
                row.count += 1
                row.save(update_fields=["minute", "count"])
        return (
            is_allowed,
            [row_count + is_allowed for row_count in map(counts.__getitem__, limits)],
            (WINDOW_S - now_s % WINDOW_S),
        )

    def _locked(self, subjects: list[str]) -> list[RequestCount]:
        """Lock the subjects' rows, always in one order."""
        mine = RequestCount.objects.select_for_update().filter(subject__in=subjects).order_by("subject")
        rows = list(mine)
        if len(rows) < len(subjects):
            new = [RequestCount(subject=subject) for subject in subjects]
            RequestCount.objects.bulk_create(new, ignore_conflicts=True)
            rows = list(mine.all())  # asked again
        return rows


@cache
def _counter(broker_url: str) -> Counter:
    is_redis = broker_url.startswith(("redis://", "rediss://", "unix://"))
    return RedisCounter(broker_url) if is_redis else DatabaseCounter()


def admit_request(request: HttpRequest, *, project: Project, key: ApiKey | None, video_id: str = "") -> None:
    """Count a request of a key, and refuse it where that, or its project, has made as many as it may this minute.

    Without a key it is of an address that an administrator gave. `video_id`: what an address uploads to.

    Raises: TooManyRequests.
    """
    # For whoever counts what is refused (usage/refusals.py).
    request.asked_by = (project.pk, "" if key is None else key.pk, video_id)  # type: ignore[attr-defined]
    config: Config = settings.GILFOYLE
    found = {} if key is None else {f"key:{key.pk}": ("key", limits_of_key(key, config.limits))}
    found[f"project:{project.pk}"] = ("project", limits_of_project(project, config.limits))
    limits = {
        subject: (of, one.max_requests_a_minute)
        for subject, (of, one) in found.items()
        if one.max_requests_a_minute is not None
    }
    if not limits:
        return
    is_allowed, counts, next_in_s = _counter(settings.BROKER_URL).count(
        {subject: most for subject, (_, most) in limits.items()}
    )
    standings = tuple(
        Standing(of, most, count) for (of, most), count in zip(limits.values(), counts, strict=True)
    )
    counted = Counted(is_allowed, standings, next_in_s)
    request.counted = counted  # type: ignore[attr-defined]  # for the middleware below
    if not is_allowed:
        raise _too_many(counted)


def _too_many(counted: Counted) -> TooManyRequests:
    full = next(one for one in counted.standings if one.count >= one.limit)
    message = f"This {full.of} may make {full.limit} requests a minute, and has made them."
    refusal = TooManyRequests(
        message,
        hint="Wait for the seconds that Retry-After names, and ask less often.",
        of=full.of,
        limit=full.limit,
    )
    refusal.retry_after_s = counted.next_in_s
    return refusal


class RateLimitHeaders:
    """Middleware: tells clients with each answer how many requests they have left."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response: HttpResponse = self._get_response(request)
        counted = getattr(request, "counted", None)
        if counted is not None:
            for name, value in counted.headers().items():
                response[name] = value
        return response


def forget_counts() -> int:
    """Remove the counts of minutes long past, as of keys that are used no more; returns how many."""
    an_hour_ago = int(timezone.now().timestamp()) // WINDOW_S - 60
    old = RequestCount.objects.filter(minute__lt=an_hour_ago)
    return old.delete()[0] if old.exists() else 0
