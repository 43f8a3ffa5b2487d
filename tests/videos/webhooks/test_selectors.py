from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Q
from django.utils import timezone

from tests.factories import make_project
from tests.videos.webhooks.receiving import make_delivery, make_endpoint
from videos.webhooks import selectors
from videos.webhooks.errors import DeliveryNotFound, WebhookNotFound
from videos.webhooks.models import Delivery, WebhookEndpoint

pytestmark = pytest.mark.django_db


def turns() -> list[str]:
    return [one.pk for one in selectors.endpoints_in_turn(now=timezone.now())]


def test_another_project_s_endpoint_and_another_endpoint_s_delivery_do_not_exist() -> None:
    mine, theirs = make_endpoint(), make_endpoint()
    delivery = make_delivery(theirs)
    assert selectors.get_endpoint(project=mine.project, endpoint_id=mine.pk) == mine
    for odd in (theirs.pk, "whe_000000000000000000", "x", "whe_\0"):
        with pytest.raises(WebhookNotFound):
            selectors.get_endpoint(project=mine.project, endpoint_id=odd)
    assert selectors.get_delivery(endpoint=theirs, delivery_id=delivery.pk) == delivery
    for endpoint, odd in ((mine, delivery.pk), (theirs, "x")):
        with pytest.raises(DeliveryNotFound):
            selectors.get_delivery(endpoint=endpoint, delivery_id=odd)


def test_first_comes_to_whom_least_is_being_sent_then_who_waits_longest() -> None:
    now = timezone.now()
    busy, late, early, idle, off, held = (make_endpoint(make_project()) for _ in range(6))
    for endpoint, minutes in ((busy, 9), (late, 1), (early, 5), (off, 8), (held, 8)):
        make_delivery(endpoint, ready_at=now - timedelta(minutes=minutes))
    make_delivery(busy, status="sending")
    make_delivery(idle, ready_at=now + timedelta(minutes=1))
    make_delivery(idle, status="delivered")
    WebhookEndpoint.objects.filter(pk=off.pk).update(disabled_at=now)
    WebhookEndpoint.objects.filter(pk=held.pk).update(held_until=now + timedelta(minutes=1))
    assert turns() == [early.pk, late.pk, busy.pk]


def test_a_project_with_many_endpoints_comes_after_others_and_turns_go_round() -> None:
    now = timezone.now()
    many, few = make_project(), make_project()
    old = [make_endpoint(many) for _ in range(3)]
    new = make_endpoint(few)
    for endpoint in old:
        make_delivery(endpoint, ready_at=now - timedelta(days=1))
    make_delivery(new)
    make_delivery(old[0], status="sending")
    assert turns()[0] == new.pk
    assert turns()[-1] == old[0].pk
    Delivery.objects.filter(status="sending").delete()
    WebhookEndpoint.objects.filter(pk__in=[one.pk for one in old]).update(last_claimed_at=now)
    assert turns()[0] == new.pk
    WebhookEndpoint.objects.filter(pk=new.pk).update(last_claimed_at=now + timedelta(seconds=1))
    assert turns()[-1] == new.pk


def test_ten_thousand_that_wait_are_found_by_an_index() -> None:
    endpoint = make_endpoint()
    rows: list[Any] = [
        selectors.endpoints_in_turn(now=timezone.now()),
        Delivery.objects.filter(
            endpoint=endpoint, status="waiting", ready_at__lte=timezone.now(), body__gt=""
        ).order_by("ready_at")[:1],
        Delivery.objects.filter(status="sending", lease_expires_at__lt=timezone.now()),
        Delivery.objects.filter(status="failed", finished_at__lt=timezone.now()).order_by("finished_at")[:5],
        selectors.list_deliveries(endpoint=endpoint)[:25],
        Delivery.objects.filter(Q(pk="x") | Q(subject_id="x")).order_by(),
    ]
    if connection.vendor != "sqlite":
        pytest.skip("a planner that counts rows first reads a table this small as a whole")
    for found in rows:
        plan = found.explain()
        assert "SCAN videos_delivery" not in plan, plan
