"""Asks as a stranger does, over real HTTP, but of nobody except this Gilfoyle's own addresses.

Redirects are followed as far as these addresses; proxies of the environment are not used, since they might answer for us.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Self

import httpx

from gilfoyle.lib.origins import normalize_origin
from gilfoyle.lib.outbound import trusted_certificates
from streaming.exposure.tries import Answer, Request

PATIENCE_S = 5.0
MOST_BYTES = 256 * 1024  # of an answer that are looked at
MAX_REDIRECTS = 3
MOST_FAILURES = 3  # in a row, after which nobody is there
USER_AGENT = "Gilfoyle-self-test"


@dataclass(slots=True)
class Thief:
    """One run's requests. `host`: the name that is asked for where it is not the address's own."""

    origins: frozenset[str]
    host: str = ""
    limit_s: float = 120.0
    _failures: dict[str, int] = field(default_factory=dict)
    _began: float = field(default_factory=time.monotonic)
    _client: httpx.Client | None = None

    @classmethod
    def of(cls, urls: Iterable[str], *, host: str = "") -> Self:
        """Return one that asks at the origins of these addresses alone."""
        return cls(frozenset(origin for url in urls if (origin := origin_of(url)) is not None), host)

    def __enter__(self) -> Self:
        self._client = httpx.Client(
            verify=trusted_certificates(), trust_env=False, follow_redirects=False, timeout=PATIENCE_S
        )
        return self

    def __exit__(self, *_error: object) -> None:
        if self._client is not None:
            self._client.close()

    def ask(self, request: Request) -> Answer:
        """Return the answer to one request, or why there is none."""
        url, words = request.url, ""
        for _ in range(MAX_REDIRECTS + 1):
            origin = origin_of(url)
            if origin not in self.origins:
                return Answer(302, words=words)  # it leads to strangers, whom we ask nothing
            if time.monotonic() - self._began > self.limit_s:
                return Answer(None, words="took too long")
            if self._failures.get(origin, 0) >= MOST_FAILURES:
                return Answer(None, words="could not be reached")
            try:
                answer, following = self._ask(url, request)
            except httpx.HTTPError as error:
                self._failures[origin] = self._failures.get(origin, 0) + 1
                return Answer(None, words=f"could not be reached ({type(error).__name__})")
            self._failures[origin] = 0
            if following is None:
                return answer
            url, words = following, f"answered {answer.status}"
        return Answer(None, words="redirected in a circle")

    def _ask(self, url: str, request: Request) -> tuple[Answer, str | None]:
        if self._client is None:
            message = "Use it as a context."
            raise RuntimeError(message)
        is_same = origin_of(url) == origin_of(request.url)
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "identity"}
        if is_same:  # whoever we are sent on to gets no key
            headers |= request.headers
        if self.host and is_same:
            headers["Host"] = self.host
        with self._client.stream(request.method, url, headers=headers) as response:
            if response.is_redirect and response.next_request is not None:
                return Answer(response.status_code), str(response.next_request.url)
            return Answer(response.status_code, self._read(response)), None

    def _read(self, response: httpx.Response) -> bytes:
        data = b""
        for piece in response.iter_raw():
            data += piece
            if len(data) >= MOST_BYTES or time.monotonic() - self._began > self.limit_s:
                break
        return data


def origin_of(url: str) -> str | None:
    """Return an address's origin, in one spelling."""
    return normalize_origin("/".join(url.split("/", 3)[:3]))
