"""What the scheduler does for webhooks: lost work given away, what waits in vain given up, what is over removed."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db.models import Count, Exists, OuterRef, QuerySet

from gilfoyle.lib.queue import send
from gilfoyle.lib.shared_clock import shared_now
from gilfoyle.lib.transactions import atomic
from videos.webhooks import states
from videos.webhooks.models import Delivery, EndpointSecret, WebhookEndpoint
from videos.webhooks.selectors import endpoints_in_turn
from videos.webhooks.services import QUEUE, disable, free_lost, give_up_waiting

GIVEN_UP_AT_ONCE = 1000
PURGED_AT_ONCE = 500
# Longer than any transaction that has read an endpoint as an open one.
LINGER = timedelta(hours=1)
log = structlog.get_logger(__name__)


def sweep_deliveries(*, now: datetime | None = None) -> int:
    """Give away deliveries whose worker died, and say once more that there is work; returns how many were given away.

    What waits for a disabled endpoint is given up, and an endpoint for which too much waits is disabled.
    """
    now = now or shared_now()
    freed = free_lost(now=now)
    if freed:
        log.warning("deliveries_freed", count=freed)
    _disable_overrun()
    _give_up_in_vain()
    if endpoints_in_turn(now=now).exists():
        send("deliver_webhooks", queue=QUEUE)
    return freed


def _disable_overrun() -> None:
    most = settings.GILFOYLE.webhooks.max_waiting
    waiting = Delivery.objects.filter(status=states.WAITING, endpoint__disabled_at=None).order_by()
    if not waiting[most : most + 1].exists():  # nobody's, and so not one's
        return
    counted = waiting.values("endpoint").annotate(n=Count("pk")).filter(n__gt=most)
    for endpoint in WebhookEndpoint.objects.filter(pk__in=list(counted.values_list("endpoint", flat=True))):
        disable(endpoint=endpoint, reason=states.BACKLOG)


def _give_up_in_vain() -> None:
    waiting = Delivery.objects.filter(endpoint=OuterRef("pk"), status=states.WAITING)
    for endpoint in WebhookEndpoint.objects.exclude(disabled_at=None).filter(Exists(waiting)):
        give_up_waiting(endpoint_id=endpoint.pk, most=GIVEN_UP_AT_ONCE)


def purge_deliveries(*, keep_days: float, now: datetime | None = None) -> int:
    """Remove what ended so many days ago or is a removed endpoint's, and replaced keys; returns how many deliveries."""
    now = now or shared_now()
    EndpointSecret.objects.filter(expires_at__lte=now).delete()
    before = now - timedelta(days=keep_days)
    removed = 0
    for status in states.ENDED:  # each by its part of the index
        over = Delivery.objects.filter(status=status, finished_at__lt=before)
        removed += _remove_some(over.order_by("finished_at"))
    for endpoint in WebhookEndpoint.objects.exclude(removed_at=None):
        count = _remove_some(Delivery.objects.filter(endpoint=endpoint).order_by())
        removed += count
        if not count and endpoint.removed_at is not None and endpoint.removed_at < now - LINGER:
            _remove_row(endpoint.pk)
    return removed


@atomic
def _remove_row(endpoint_id: str) -> None:
    WebhookEndpoint.objects.filter(pk=endpoint_id).delete()


@atomic
def _remove_some(deliveries: QuerySet[Delivery]) -> int:
    # Under a lock: one that is replayed at this moment is no more among them, or is removed before.
    some = list(deliveries.select_for_update().values_list("pk", flat=True)[:PURGED_AT_ONCE])
    return Delivery.objects.filter(pk__in=some).delete()[1].get("videos.Delivery", 0) if some else 0
