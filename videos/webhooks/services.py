"""The life of a delivery: born with its event, claimed under a lease, delivered, tried again, given up, replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F, QuerySet

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.queue import send_on_commit
from gilfoyle.lib.shared_clock import shared_now
from gilfoyle.lib.transactions import atomic
from videos.audit.services import record
from videos.webhooks import states
from videos.webhooks.backoff import pause_before_next_s, rest_of_endpoint_s
from videos.webhooks.errors import DeliveryForgotten, DeliveryUnderWay, WebhookDisabled
from videos.webhooks.event_types import DISABLED, TEST
from videos.webhooks.models import Delivery, DeliveryAttempt, WebhookEndpoint
from videos.webhooks.payloads import Data, write_body
from videos.webhooks.selectors import endpoints_in_turn

QUEUE = "deliver"
CANDIDATES = 20
KEPT_ATTEMPTS = 20  # of one delivery, however often it is replayed
MOST_REPLAYED = 1000
LOST = "This delivery was given to another worker, or its endpoint is gone."
OFF = "endpoint_disabled"
FORGOTTEN = "forgotten"
UNTROUBLED: dict[str, Any] = {"failures": 0, "failing_since": None, "held_until": None, "held_at": None}
GONE_STATUS = 410
Maker = Callable[[], Data | None]
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a try ended. `error` empty: it was taken. `is_ours`: it says nothing of the endpoint."""

    started_at: datetime
    duration_ms: int
    status: int | None = None
    answer: str = ""
    error: str = ""
    message: str = ""
    retry_after_s: float | None = None
    is_ours: bool = False


def record_event(
    event_type: str, *, project_id: str, subject_id: str, make: Maker, besides: str = ""
) -> None:
    """Write down what is to be told of an event, inside its transaction; nothing where nobody wants to hear of it.

    `make` is called once, and only for somebody; it returns None where there is nothing to tell any more.
    """
    if not settings.GILFOYLE.webhooks.enabled:
        return
    open_ones = WebhookEndpoint.objects.filter(project_id=project_id, disabled_at=None).exclude(pk=besides)
    hearing = [one for one in open_ones if one.hears(event_type)]
    data = make() if hearing else None
    if data is not None:
        _create(hearing, event_type, subject_id, data)


def _create(
    endpoints: Iterable[WebhookEndpoint], event_type: str, subject_id: str, data: Data
) -> list[Delivery]:
    now = shared_now()
    body = write_body(event_type, at=now, data=data)
    made = Delivery.objects.bulk_create(
        Delivery(
            endpoint=one,
            project_id=one.project_id,
            event_type=event_type,
            subject_id=subject_id,
            body=body,
            created_at=now,
            ready_at=now,
        )
        for one in endpoints
    )
    send_on_commit("deliver_webhooks", queue=QUEUE)
    return made


@atomic
def send_test(*, endpoint: WebhookEndpoint) -> Delivery:
    """Send an event that says nothing, whatever the endpoint wants to hear of.

    Raises: WebhookDisabled.
    """
    _require_enabled(endpoint)
    data: Data = {"webhook": {"id": endpoint.pk, "description": endpoint.description}}
    (made,) = _create([endpoint], TEST, endpoint.pk, data)
    note("webhook.tested", endpoint, {"delivery": made.pk})
    return made


def note(verb: str, endpoint: WebhookEndpoint, data: dict[str, Any] | None = None) -> None:
    """Record what was done to an endpoint, in the transaction that does it. Its address is no part of it."""
    record(verb, object_type="webhook", object_id=endpoint.pk, project_id=endpoint.project_id, data=data)


def claim_delivery(
    *, owner: str, lease_s: float, at_once_per_endpoint: int, besides: Sequence[str] = ()
) -> Delivery | None:
    """Take the delivery whose turn it is under a lease, or None; an endpoint never gets more than so many at once.

    `besides`: projects that get none now.
    """
    now = shared_now()
    for candidate in endpoints_in_turn(now=now).exclude(project_id__in=besides)[:CANDIDATES]:
        claimed = _claim_of(candidate.pk, owner, now + timedelta(seconds=lease_s), at_once_per_endpoint)
        if claimed is not None:
            return claimed
    return None


@atomic
def _claim_of(endpoint_id: str, owner: str, until: datetime, most: int) -> Delivery | None:
    # Under a lock, so that two workers don't count the same and go beyond the limit together.
    endpoint = locked(endpoint_id)
    now = shared_now()
    if endpoint is None or not endpoint.is_enabled or _is_held(endpoint, now):
        return None
    own = Delivery.objects.filter(endpoint=endpoint)
    busy = own.filter(status=states.SENDING).count()
    if busy >= (1 if endpoint.failures else most):
        return None
    ready = own.filter(status=states.WAITING, ready_at__lte=now)
    one = ready.order_by("ready_at").first()
    if one is None:
        return None
    if not one.body:  # forgotten while it was replayed
        _move(own.filter(pk=one.pk, body=""), states.FAILED, finished_at=now, error=FORGOTTEN)
        return None
    one.attempt += 1
    claimed = _move(
        Delivery.objects.filter(pk=one.pk, attempt=one.attempt - 1),
        states.SENDING,
        attempt=one.attempt,
        lease_owner=owner,
        lease_expires_at=until,
    )
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(last_claimed_at=shared_now())
    one.endpoint = endpoint
    return one if claimed else None


def locked(endpoint_id: str) -> WebhookEndpoint | None:
    """Return an endpoint under a lock; None where it is gone."""
    # no_key: events that are written down for it meanwhile need not wait.
    return WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id).first()


def _is_held(endpoint: WebhookEndpoint, now: datetime) -> bool:
    return endpoint.held_until is not None and endpoint.held_until > now


def renew_delivery(*, held: Delivery, lease_s: float) -> bool:
    """Keep a delivery; False when it was lost to another worker."""
    until = shared_now() + timedelta(seconds=lease_s)
    return bool(_held(held).update(lease_expires_at=until))


@atomic
def record_outcome(*, held: Delivery, outcome: Outcome) -> None:
    """Write how a try ended, and what follows from it for the delivery and its endpoint.

    Raises: StaleWork when the lease was lost meanwhile.
    """
    now = shared_now()
    endpoint = locked(held.endpoint_id)
    # What another address answered, which it had when this was sent, says nothing of the endpoint.
    is_its = endpoint is not None and endpoint.url == held.endpoint.url
    pause_s = pause_before_next_s(held.tries + 1, retry_after_s=outcome.retry_after_s if is_its else None)
    is_forgotten = _is_forgotten(held)
    is_gone = is_its and outcome.status == GONE_STATUS
    told: dict[str, Any] = {"tries": F("tries") + 1, "error": outcome.error}
    if not outcome.error:
        noted = _release(held, states.DELIVERED, finished_at=now, **told)
    elif pause_s is None or is_gone or endpoint is None or not endpoint.is_enabled or is_forgotten:
        noted = _release(held, states.FAILED, finished_at=now, **told)
    else:
        noted = _release(held, states.WAITING, ready_at=now + timedelta(seconds=pause_s), **told)
    if not noted or endpoint is None:
        raise StaleWork(LOST, delivery_id=held.pk)
    # What answers to words that were erased may repeat them.
    _keep_attempt(held, replace(outcome, answer="") if is_forgotten else outcome)
    if not is_its:
        return
    if not outcome.error:
        _note_success(endpoint, outcome)
    elif not outcome.is_ours:
        _note_failure(endpoint, outcome, now)


def _is_forgotten(held: Delivery) -> bool:
    # Under its lock: who erases it now either waits for the answer, and erases that too, or was faster.
    kept = Delivery.objects.select_for_update(no_key=True).filter(pk=held.pk).values_list("body", flat=True)
    return kept.first() == ""


def _keep_attempt(held: Delivery, outcome: Outcome) -> None:
    DeliveryAttempt.objects.filter(delivery=held, number__lte=held.attempt - KEPT_ATTEMPTS).delete()
    DeliveryAttempt.objects.create(
        delivery=held,
        number=held.attempt,
        started_at=outcome.started_at,
        duration_ms=outcome.duration_ms,
        response_status=outcome.status,
        response_body=outcome.answer,
        error=outcome.error[:64],
        message=outcome.message[:300],
    )


def _note_success(endpoint: WebhookEndpoint, outcome: Outcome) -> None:
    noted = dict(UNTROUBLED)
    if endpoint.held_at is not None and endpoint.held_at >= outcome.started_at:
        # It asked for a rest when this was under way already.
        noted |= {"held_until": endpoint.held_until, "held_at": endpoint.held_at}
    if any(getattr(endpoint, name) != value for name, value in noted.items()):
        WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**noted)


def _note_failure(endpoint: WebhookEndpoint, outcome: Outcome, now: datetime) -> None:
    since = endpoint.failing_since or now
    failures = endpoint.failures + 1
    rest_s = rest_of_endpoint_s(failures, status=outcome.status, retry_after_s=outcome.retry_after_s)
    noted: dict[str, Any] = {"failures": failures, "failing_since": since}
    held_until = now + timedelta(seconds=rest_s)
    if rest_s and (endpoint.held_until is None or held_until > endpoint.held_until):
        noted |= {"held_until": held_until, "held_at": now}
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(**noted)
    if outcome.status == GONE_STATUS:
        disable(endpoint=endpoint, reason=states.GONE)
    elif now - since >= timedelta(days=settings.GILFOYLE.webhooks.disable_after_days):
        disable(endpoint=endpoint, reason=states.FAILING)


@atomic
def disable(*, endpoint: WebhookEndpoint, reason: str) -> bool:
    """Send nothing more to an endpoint, and tell the project's others; False, and no change, where it is so already.

    What waits for it is given up by the next sweeps, however much that is.
    """
    now = shared_now()
    open_one = WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None)
    if not open_one.update(disabled_at=now, disabled_reason=reason, held_until=None, held_at=None):
        return False
    note("webhook.disabled", endpoint, {"reason": reason})
    if reason != states.BY_OWNER:
        log.warning("webhook_disabled", endpoint_id=endpoint.pk, reason=reason, failures=endpoint.failures)
        data: Data = {"webhook": {"id": endpoint.pk, "description": endpoint.description, "reason": reason}}
        record_event(
            DISABLED,
            project_id=endpoint.project_id,
            subject_id=endpoint.pk,
            make=lambda: data,
            besides=endpoint.pk,
        )
    return True


@atomic
def replay(*, delivery: Delivery) -> Delivery:
    """Send once more what was sent before, under the same webhook-id and with the whole schedule.

    Raises: WebhookDisabled, DeliveryForgotten, DeliveryUnderWay.
    """
    _require_enabled(delivery.endpoint)
    own = Delivery.objects.filter(pk=delivery.pk)
    if not _replay(own):
        if not own.exclude(body="").exists():
            message = "What was sent is not kept any more."
            raise DeliveryForgotten(message)
        message = "This delivery waits to be sent already, or is being sent."
        raise DeliveryUnderWay(message)
    note("webhook.replayed", delivery.endpoint, {"delivery": delivery.pk})
    send_on_commit("deliver_webhooks", queue=QUEUE)
    delivery.refresh_from_db()
    return delivery


@atomic
def replay_failed(*, endpoint: WebhookEndpoint, since: datetime) -> int:
    """Send once more what could not be delivered since a moment, the oldest first, up to 1,000; returns how many.

    Raises: WebhookDisabled.
    """
    _require_enabled(endpoint)
    failed = Delivery.objects.filter(endpoint=endpoint, status=states.FAILED, created_at__gte=since)
    some = list(failed.exclude(body="").order_by("created_at").values_list("pk", flat=True)[:MOST_REPLAYED])
    count = _replay(Delivery.objects.filter(pk__in=some))
    if count:
        note("webhook.replayed", endpoint, {"count": count})
        send_on_commit("deliver_webhooks", queue=QUEUE)
    return count


def _replay(deliveries: QuerySet[Delivery]) -> int:
    ended = deliveries.filter(status__in=states.ENDED).exclude(body="")
    return _move(ended, states.WAITING, ready_at=shared_now(), finished_at=None, tries=0, error="")


def _require_enabled(endpoint: WebhookEndpoint) -> None:
    """Raises: WebhookDisabled."""
    if not WebhookEndpoint.objects.filter(pk=endpoint.pk, disabled_at=None).exists():
        message = "This endpoint is disabled; nothing is sent to it."
        raise WebhookDisabled(message, hint="Enable it first.")


def free_lost(*, now: datetime) -> int:
    """Give away deliveries whose worker died; returns how many."""
    lost = Delivery.objects.filter(status=states.SENDING, lease_expires_at__lt=now)
    return sum(_free(one, now) for one in lost)


def _free(lost: Delivery, now: datetime) -> int:
    still = _held(lost).filter(lease_expires_at__lt=now)
    if not lost.body:
        return _release(lost, states.FAILED, only=still, finished_at=now, error=FORGOTTEN)
    return _release(lost, states.WAITING, only=still, ready_at=now)


@atomic
def give_up_waiting(*, endpoint_id: str, most: int | None = None) -> int:
    """Let fail what waits for an endpoint that is disabled, up to so many; returns how many, 0 for one that is not."""
    endpoint = locked(
        endpoint_id
    )  # so that nobody enables it meanwhile, and what comes then is given up, too
    if endpoint is None or endpoint.is_enabled:
        return 0
    waiting = Delivery.objects.filter(endpoint=endpoint_id, status=states.WAITING)
    if most is not None:
        some = list(waiting.order_by("ready_at").values_list("pk", flat=True)[:most])
        waiting = Delivery.objects.filter(pk__in=some)
    return _move(waiting, states.FAILED, finished_at=shared_now(), error=OFF)


def _held(held: Delivery) -> QuerySet[Delivery]:
    return Delivery.objects.filter(pk=held.pk, status=states.SENDING, attempt=held.attempt)


def _release(held: Delivery, wanted: str, *, only: QuerySet[Delivery] | None = None, **changes: Any) -> int:
    mine = _held(held) if only is None else only
    return _move(mine, wanted, lease_expires_at=None, lease_owner="", **changes)


def _move(deliveries: QuerySet[Delivery], wanted: str, **changes: Any) -> int:
    return deliveries.filter(status__in=states.leading_to(wanted)).update(status=wanted, **changes)
