"""Where sources are fetched from: servers of the web through the guarded door, and the operator's buckets."""

from __future__ import annotations

import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol

from gilfoyle.lib.config import Config
from gilfoyle.lib.outbound import Deadline, Door, fetch, refuse
from gilfoyle.lib.public_addresses import WebAddress, may_connect, parse_address
from videos.imports.buckets import SCHEME, find_object
from videos.imports.errors import ImportsDisabled
from videos.imports.parts import Body, Version, judge_answer


class Remote(Protocol):
    """A file elsewhere."""

    def open(self, first: int, known: Version | None, *, stack: ExitStack) -> Body:
        """Ask for the file from a byte on, if it still is the known one; it is held open by `stack`."""


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file on a server of the web. Its address is asked for, and followed, anew for each part."""

    address: WebAddress
    door: Door
    deadline: Deadline

    def open(self, first: int, known: Version | None, *, stack: ExitStack) -> Body:
        headers = {}
        if first and known is not None:
            headers = {"Range": f"bytes={first}-", "If-Range": known.condition}
        answer = stack.enter_context(
            fetch(self.address, door=self.door, deadline=self.deadline, headers=headers)
        )
        part = judge_answer(answer.status, answer.headers, wanted_first=first, known=known)
        return Body(part, answer.pieces)


def find_remote(source_url: str, *, config: Config, project_name: str) -> Remote:
    """Return the file that an address names; nothing is connected to yet.

    Raises: ImportsDisabled, AddressInvalid, AddressRefused, BucketUnknown.
    """
    settings = config.imports
    if not settings.enabled:
        message = "This server imports nothing from elsewhere."
        raise ImportsDisabled(
            message, hint="Upload the file, or ask the operator to switch on imports.enabled."
        )
    deadline = Deadline(time.monotonic() + settings.max_time_s)
    if source_url.lower().startswith(SCHEME):
        return find_object(source_url, buckets=settings.buckets, project_name=project_name, deadline=deadline)
    address = parse_address(source_url, ports=settings.ports)
    with suppress(ValueError):  # a name, which is looked up when it is connected to
        if not may_connect(ip_address(address.host), settings.private_networks):
            raise refuse()
    return WebFile(address, Door(settings.ports, settings.private_networks), deadline)
