"""Reads of webhooks: a project's endpoints, their deliveries, whose turn it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from gilfoyle.lib.ids import is_id
from gilfoyle.lib.wrapped_keys import unwrap_key
from videos.access.models import Project
from videos.webhooks import states
from videos.webhooks.errors import DeliveryNotFound, WebhookNotFound
from videos.webhooks.models import Delivery, EndpointSecret, WebhookEndpoint

PURPOSE = "webhook"


def list_endpoints(*, project: Project) -> QuerySet[WebhookEndpoint]:
    """Return a project's endpoints, newest first."""
    return WebhookEndpoint.objects.filter(project=project, removed_at=None)


def get_endpoint(*, project: Project, endpoint_id: str) -> WebhookEndpoint:
    """Raises: WebhookNotFound, also for another project's id."""
    found = list_endpoints(project=project).filter(pk=endpoint_id).first() if is_id(endpoint_id) else None
    if found is None:
        message = "There is no such webhook endpoint."
        raise WebhookNotFound(message)
    return found


def list_deliveries(*, endpoint: WebhookEndpoint) -> QuerySet[Delivery]:
    """Return what was and is to be sent to an endpoint, newest first."""
    return Delivery.objects.filter(endpoint=endpoint).prefetch_related("attempts")


def get_delivery(*, endpoint: WebhookEndpoint, delivery_id: str) -> Delivery:
    """Raises: DeliveryNotFound, also for another endpoint's id."""
    of_endpoint = list_deliveries(endpoint=endpoint)
    found = of_endpoint.filter(pk=delivery_id).first() if is_id(delivery_id) else None
    if found is None:
        message = "There is no such delivery."
        raise DeliveryNotFound(
            message, hint="Deliveries are kept for some days (webhooks.keep_deliveries_days)."
        )
    return found


def signing_keys(*, endpoint_id: str, root_secret: bytes) -> list[bytes]:
    """Return the keys that hold now, the latest first. Raises: KeyUnusable."""
    now = timezone.now()
    secrets = EndpointSecret.objects.filter(endpoint_id=endpoint_id).exclude(expires_at__lte=now)
    return [
        unwrap_key(bytes(one.wrapped), purpose=PURPOSE, owner=one.pk, root_secret=root_secret)
        for one in secrets
    ]


def endpoints_in_turn(*, now: datetime) -> QuerySet[WebhookEndpoint, Any]:
    """Return the endpoints for which something is ready: first those of projects, then those to which the least is being sent.

    Among equals who waits longest for a turn, not who has the oldest backlog. So neither a project with many endpoints,
    nor one with thousands of deliveries, nor one that answers slowly holds up the others.
    """
    own = Delivery.objects.filter(endpoint=OuterRef("pk")).order_by()
    ready = own.filter(status=states.WAITING, ready_at__lte=now).order_by("ready_at").values("ready_at")[:1]
    sending = own.filter(status=states.SENDING).values("endpoint").annotate(n=Count("pk")).values("n")
    # By the index of each of its endpoints, of which there are few.
    of_project = Delivery.objects.filter(
        endpoint__project=OuterRef("project"), status=states.SENDING
    ).order_by()
    sending_of_project = of_project.values("endpoint__project").annotate(n=Count("pk")).values("n")
    open_ones = WebhookEndpoint.objects.filter(Q(held_until=None) | Q(held_until__lte=now), disabled_at=None)
    return (
        open_ones.annotate(
            next_at=Subquery(ready),
            busy=Coalesce(Subquery(sending), 0),
            busy_of_project=Coalesce(Subquery(sending_of_project), 0),
        )
        .exclude(next_at=None)
        .order_by("busy_of_project", "busy", F("last_claimed_at").asc(nulls_first=True), "next_at")
    )


def without_only_one(project_ids: Sequence[str]) -> Sequence[str]:
    """Return these projects, or none where nobody else has an endpoint for which a place would be kept."""
    if not project_ids:
        return ()
    others = WebhookEndpoint.objects.filter(disabled_at=None).exclude(project_id__in=project_ids)
    return project_ids if others.exists() else ()
