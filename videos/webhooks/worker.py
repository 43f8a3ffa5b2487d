"""A worker's side of a delivery: claim it, keep its lease while it is sent, and write how that ended."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import GilfoyleError, StaleWork
from gilfoyle.lib.leases import KeptLease, is_stopping
from gilfoyle.lib.outbound import Answer, Deadline, OutboundFault, OutOfTime, post
from gilfoyle.lib.public_addresses import AddressInvalid, AddressRefused
from gilfoyle.lib.queue import close_old_connections
from videos.webhooks import services
from videos.webhooks.backoff import read_retry_after
from videos.webhooks.endpoints import find_receiver
from videos.webhooks.errors import DeliveryFault
from videos.webhooks.models import Delivery
from videos.webhooks.selectors import signing_keys, without_only_one
from videos.webhooks.services import Outcome
from videos.webhooks.signing import sign_headers

log = structlog.get_logger(__name__)
KEPT_ANSWER_BYTES = 1024
USER_AGENT = "Gilfoyle-Webhooks"
TIMED_OUT = "The receiver did not answer in time."
OURS = "Something went wrong on our side while this was sent."
# What is the endpoint's matter, in words that may be shown.
THEIRS = (OutboundFault, OutOfTime, AddressInvalid, AddressRefused)
_busy, _choosing = threading.Lock(), threading.Lock()
_running = 0
_of_projects: Counter[str] = Counter()


class DeliveryLease(KeptLease):
    """The lease of a delivery."""

    lost_words = services.LOST

    def __init__(self, held: Delivery, *, lease_s: float) -> None:
        super().__init__(held.pk, lease_s=lease_s)
        self._delivery = held

    def renew(self) -> bool:
        return services.renew_delivery(held=self._delivery, lease_s=self.lease_s)


def run_next_delivery() -> bool:
    """Claim and send one delivery; False where there was none, or this process is at as many as it may be."""
    config: Config = settings.GILFOYLE
    with _slot(config.webhooks.at_once) as running:
        if not running or is_stopping():
            return False
        held = _choose(config, running=running)
        if held is None:
            return False
        try:
            with structlog.contextvars.bound_contextvars(
                delivery_id=held.pk, endpoint_id=held.endpoint_id, attempt=held.attempt
            ):
                run_delivery(held, config=config)
        finally:
            with _choosing:
                _of_projects[held.project_id] -= 1
    return True


def _choose(config: Config, *, running: int) -> Delivery | None:
    """Claim a delivery, of no project that has half of this process's places already while others may need them."""
    owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
    with _choosing:
        half = (config.webhooks.at_once + 1) // 2
        held = services.claim_delivery(
            owner=owner,
            lease_s=config.encoding.lease_s,
            at_once_per_endpoint=share_of_endpoint(config, running=running),
            besides=without_only_one([one for one, count in _of_projects.items() if count >= half]),
        )
        if held is not None:
            _of_projects[held.project_id] += 1
    return held


def share_of_endpoint(config: Config, *, running: int) -> int:
    """Return how many an endpoint may have at once: the second half of a process's places is for those that have none."""
    webhooks = config.webhooks
    return webhooks.at_once_per_endpoint if running <= (webhooks.at_once + 1) // 2 else 1


@contextmanager
def _slot(at_once: int) -> Iterator[int]:
    """Say which place of this process was taken, 0 for none: deliveries wait for others, and must not take all threads."""
    global _running  # noqa: PLW0603 - one count for the process
    with _busy:
        place = _running + 1 if _running < at_once else 0
        _running += bool(place)
    try:
        yield place
    finally:
        with _busy:
            _running -= bool(place)


def run_delivery(held: Delivery, *, config: Config) -> None:
    """Send what was claimed, and write how it ended."""
    lease = DeliveryLease(held, lease_s=config.encoding.lease_s)
    try:
        with lease.held():
            outcome = send_once(held, config=config)
            lease.check()
        close_old_connections()  # idle while the receiver took its time
        services.record_outcome(held=held, outcome=outcome)
    except StaleWork:
        log.warning("delivery_given_up")
        return
    log.info(
        "webhook_sent",
        event_type=held.event_type,
        status=outcome.status,
        error=outcome.error,
        duration_ms=outcome.duration_ms,
    )


def send_once(held: Delivery, *, config: Config) -> Outcome:
    """Send a delivery, and return how that ended; nothing is written."""
    started_at, began = timezone.now(), time.monotonic()
    status: int | None = None
    answer, retry_after_s, is_ours = "", None, False
    error: GilfoyleError | None = None
    try:
        status, answer, retry_after_s = _post(held, config)
    except OutOfTime:
        error = OutboundFault(TIMED_OUT)
    except THEIRS as theirs:
        error = theirs
    except Exception as fault:
        # The shell of all work: what nobody foresaw is logged whole, and tried again like any fault.
        log.exception("delivery_broke")
        error, is_ours = DeliveryFault(OURS, error=str(fault)), True
    code, message = (error.code, error.message) if error else judge_status(status)
    duration_ms = round((time.monotonic() - began) * 1000)
    return Outcome(started_at, duration_ms, status, answer, code, message, retry_after_s, is_ours)


def _post(held: Delivery, config: Config) -> tuple[int, str, float | None]:
    keys = signing_keys(endpoint_id=held.endpoint_id, root_secret=settings.GILFOYLE_ROOT_SECRET)
    close_old_connections()  # which others may need while the receiver takes its time
    address, door = find_receiver(held.endpoint.url, webhooks=config.webhooks)
    headers = sign_headers(message_id=held.pk, at=timezone.now(), body=held.body, keys=keys)
    headers |= {"Content-Type": "application/json", "User-Agent": USER_AGENT}
    deadline = Deadline(time.monotonic() + config.webhooks.timeout_s)
    with post(address, held.body.encode(), door=door, deadline=deadline, headers=headers) as answered:
        retry_after_s = read_retry_after(answered.headers.get("retry-after", ""), now=timezone.now())
        return answered.status, _begin_of(answered), retry_after_s


def _begin_of(answer: Answer) -> str:
    """Return how an answer's body begins; what is wrong with the rest is nobody's matter."""
    begin = b""
    try:
        for piece in answer.pieces:
            begin += piece
            if len(begin) >= KEPT_ANSWER_BYTES:
                break
    except (OutboundFault, OutOfTime):
        pass  # its status has come, which is all that counts
    return begin[:KEPT_ANSWER_BYTES].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}")


def judge_status(status: int | None) -> tuple[str, str]:
    """Return what is wrong with an answer's status, as a code and in words; nothing of 2xx."""
    if status is not None and 200 <= status < 300:
        return "", ""
    if status == services.GONE_STATUS:
        return "endpoint_gone", "The receiver says that it is gone (410)."
    if status is not None and 300 <= status < 400:
        return "endpoint_redirects", f"The receiver answered {status}: redirects are not followed."
    return "endpoint_refused", f"The receiver answered {status}."
