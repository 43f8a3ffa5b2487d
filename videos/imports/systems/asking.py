"""Asks another system's interface through the guarded door: within limits of size and time, with patience where it is busy."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import urlencode

import structlog

from gilfoyle.lib.errors import GilfoyleError, InvalidInput, TooLarge
from gilfoyle.lib.import_settings import ImportSettings
from gilfoyle.lib.outbound import Answer, Deadline, Door, OutboundFault, fetch, post
from gilfoyle.lib.public_addresses import (
    AddressInvalid,
    AddressRefused,
    WebAddress,
    join_address,
    parse_address,
)
from videos.imports.errors import ImportsDisabled, ServerBusy, SourceNotAllowed
from videos.imports.parts import require_served
from videos.imports.systems.found import AnswerUnusable, read_json

log = structlog.get_logger(__name__)
MOST_ANSWER_BYTES = 16 * 1024 * 1024
ANSWER_S = 120.0
TRIES = 6
MOST_PAUSE_S = 15 * 60.0
IN_CLEAR = "Credentials are not sent to a public server over http://, where others could read them."
IN_CLEAR_HINT = "Give its https:// address, or name its network in imports.private_networks."
LEAST_BETWEEN_S = 10 * 60.0  # signing in; tokens last hours


class AnswerTooLarge(TooLarge):
    """An answer of another system is larger than any real one."""

    code = "answer_too_large"


class CredentialsInClear(InvalidInput):
    """Credentials would go to a public server without encryption."""

    code = "credentials_in_clear"


@dataclass(slots=True)
class Api:
    """A system's interface at one address. Its credentials go to that very server alone, and in the clear to none in public.

    `renew` signs in anew where what was signed in with has run out in the course of a long run.
    """

    base: WebAddress
    settings: ImportSettings
    authorization: str = field(default="", repr=False)
    pause: Callable[[float], None] = time.sleep
    renew: Callable[[], None] | None = None
    _renew_at: float = field(default_factory=lambda: time.monotonic() + LEAST_BETWEEN_S, init=False)

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> object:
        """Return what a path answers, as JSON.

        Raises: AnswerUnusable, AnswerTooLarge, what the door and `require_served` raise.
        """
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        address = self.address(target)
        return self._patiently(path, address, lambda: self._json(path, self._fetch(address)))

    def send(
        self,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        method: Literal["POST", "PUT"] = "POST",
    ) -> object:
        """Send a form, or an object as JSON, and return the answer. Raises: as `get`."""
        body = urlencode(form).encode() if form is not None else json.dumps(data or {}).encode()
        kind = "application/x-www-form-urlencoded" if form is not None else "application/json"
        address, is_secret = self.address(path), form is not None

        def ask() -> object:
            headers = {**self._headers(address), "Content-Type": kind}
            door = self._door(address, is_secret=is_secret)
            sent = post(address, body, door=door, deadline=_deadline(), headers=headers, method=method)
            return self._json(path, sent)

        return self._patiently(path, address, ask, is_secret=is_secret)

    def read(self, url: str, most_bytes: int) -> bytes:
        """Return a small file, such as a text; of one that is larger one byte more. Raises: as `get`."""
        address = parse_address(url, ports=self.settings.ports)

        def ask() -> bytes:
            with self._fetch(address) as answer:
                require_served(answer.status, answer.headers)
                return _read(answer.pieces, most_bytes)

        data: bytes = self._patiently(address.shown, address, ask)
        return data

    def address(self, reference: str) -> WebAddress:
        """Return the address that something leads to from here. Raises: AddressInvalid."""
        return join_address(self.base, reference, ports=self.settings.ports)

    def is_own(self, address: WebAddress) -> bool:
        """Tell whether an address is of this very server."""
        return (address.scheme, address.netloc) == (self.base.scheme, self.base.netloc)

    def _fetch(self, address: WebAddress) -> AbstractContextManager[Answer]:
        door = self._door(address)
        return fetch(address, door=door, deadline=_deadline(), headers=self._headers(address))

    def _headers(self, address: WebAddress) -> dict[str, str]:
        headers = {"Accept": "application/json, */*;q=0.5"}
        if self.authorization and self.is_own(address):
            headers["Authorization"] = self.authorization
        return headers

    def _door(self, address: WebAddress, *, is_secret: bool = False) -> Door:
        is_public = not self._is_in_clear(address, is_secret=is_secret)
        return Door(self.settings.ports, self.settings.private_networks, is_public=is_public)

    def _is_in_clear(self, address: WebAddress, *, is_secret: bool) -> bool:
        """Tell whether a secret would go unencrypted: that is for networks of the operator's own alone."""
        return address.scheme == "http" and self.is_own(address) and (is_secret or bool(self.authorization))

    def _json(self, path: str, asked: AbstractContextManager[Answer]) -> object:
        with asked as answer:
            if not 200 <= answer.status < 300:
                _raise_busy(answer)
                require_served(answer.status, answer.headers)
            data = _read(answer.pieces, MOST_ANSWER_BYTES)
        if len(data) > MOST_ANSWER_BYTES:
            message = f"{path}: the answer is larger than {MOST_ANSWER_BYTES} bytes."
            raise AnswerTooLarge(message)
        return read_json(data, what=path)

    def _patiently(
        self, path: str, address: WebAddress, ask: Callable[[], Any], *, is_secret: bool = False
    ) -> Any:
        tries = 0
        while True:
            try:
                return ask()
            except SourceNotAllowed as error:
                if self._is_renewed():
                    continue  # not one of the tries: there is one of these in ten minutes at most
                hint = "Check the credentials, and what they may see."
                raise SourceNotAllowed(f"{path}: {error.message}", hint=hint) from None
            except (ServerBusy, OutboundFault) as error:
                pause_s = error.facts.get("retry_after_s") or 2.0**tries
                tries += 1
                if tries == TRIES or pause_s > MOST_PAUSE_S:
                    raise _named(error, path) from error
                log.info("import_waits", code=error.code, pause_s=pause_s)
                self.pause(pause_s)
            except AddressRefused as error:
                if self._is_in_clear(address, is_secret=is_secret):
                    raise CredentialsInClear(IN_CLEAR, hint=IN_CLEAR_HINT) from None
                raise _named(error, path) from error
            except GilfoyleError as error:
                raise _named(error, path) from error

    def _is_renewed(self) -> bool:
        """Sign in anew where that may help: what is not ours is refused just the same with what is new."""
        now = time.monotonic()
        if self.renew is None or now < self._renew_at:
            return False
        self._renew_at, renew = now + LEAST_BETWEEN_S, self.renew
        self.renew = None  # signing in asks, too
        try:
            renew()
        finally:
            self.renew = renew
        return True


def open_api(url: str, settings: ImportSettings, *, pause: Callable[[float], None] = time.sleep) -> Api:
    """Return the interface of the server of an address; nothing is connected to yet.

    Raises: ImportsDisabled, AddressInvalid.
    """
    if not settings.enabled:
        message = "This server imports nothing from elsewhere."
        raise ImportsDisabled(message, hint="Switch on imports.enabled.")
    return Api(parse_address(url, ports=settings.ports), settings, pause=pause)


def retry_after_s(text: str, now: datetime) -> float | None:
    """Return how long a Retry-After header says to wait: seconds, or a date (RFC 9110, 10.2.3); None where it says nothing."""
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (at - now).total_seconds())


def _raise_busy(answer: Answer) -> None:
    """Let an answer that says when to come back be known as such, whichever way it says so."""
    if answer.status in {429, 503} and (said := answer.headers.get("retry-after")):
        message = f"The server answered {answer.status}: it wants to be asked later."
        wait_s = retry_after_s(said, datetime.now(UTC))
        raise ServerBusy(message, hint="Run the command again later.", retry_after_s=wait_s)


def _named(error: GilfoyleError, path: str) -> GilfoyleError:
    if isinstance(error, AnswerUnusable | AnswerTooLarge | AddressInvalid) or error.message.startswith(path):
        return error
    return type(error)(f"{path}: {error.message}", hint=error.hint, **error.facts)


def _read(pieces: Iterator[bytes], most_bytes: int) -> bytes:
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > most_bytes:
            break
    return bytes(data[: most_bytes + 1])


def _deadline() -> Deadline:
    return Deadline(time.monotonic() + ANSWER_S)
