from __future__ import annotations

from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from tests.factories import make_project
from tests.videos.webhooks.receiving import claim, make_delivery, make_endpoint, set_webhooks
from videos.webhooks import endpoints, services, sweeping
from videos.webhooks.models import Delivery, DeliveryAttempt, EndpointSecret, WebhookEndpoint

pytestmark = pytest.mark.django_db
on_postgres = pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")

WAITING_FOR_US = """
    SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
"""


def how_it_ended(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.status, delivery.error


def run_beside(call: Any) -> None:
    """Run a call in a transaction of its own while this one is open."""

    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


def test_the_sweep_nudges_while_something_is_ready(stub_broker: Any) -> None:
    stub_broker.declare_queue("deliver")
    sweeping.sweep_deliveries()
    assert stub_broker.queues["deliver"].qsize() == 0
    make_delivery(make_endpoint())
    sweeping.sweep_deliveries()
    assert stub_broker.queues["deliver"].qsize() == 1


def test_what_ended_long_ago_and_secrets_that_were_replaced_are_removed() -> None:
    endpoint = make_endpoint()
    long_ago = timezone.now() - timedelta(days=8)
    for status in ("delivered", "failed"):
        make_delivery(endpoint, status=status, finished_at=long_ago, created_at=long_ago)
    kept = [
        make_delivery(endpoint, created_at=long_ago, ready_at=long_ago).pk,
        make_delivery(endpoint, status="failed", finished_at=timezone.now(), created_at=long_ago).pk,
    ]
    EndpointSecret.objects.create(endpoint=endpoint, wrapped=b"x", expires_at=timezone.now())
    assert sweeping.purge_deliveries(keep_days=7) == 2
    assert set(Delivery.objects.values_list("pk", flat=True)) == set(kept)
    assert EndpointSecret.objects.count() == 1


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_who_removes_an_endpoint_undoes_nobody_s_event() -> None:
    project = make_project()
    endpoint = make_endpoint(project)
    with transaction.atomic():
        services.record_event("video.ready", project_id=project.pk, subject_id="vid_1", make=lambda: {"a": 1})
        project.name = "Something else that happened"
        project.save()
        run_beside(lambda: endpoints.remove_endpoint(endpoint=endpoint))
    project.refresh_from_db()
    assert project.name == "Something else that happened"
    sweeping.sweep_deliveries()
    assert how_it_ended(Delivery.objects.get()) == ("failed", "endpoint_disabled")
    assert sweeping.purge_deliveries(keep_days=7) == 1


@on_postgres
@pytest.mark.django_db(transaction=True)
def test_what_is_replayed_at_this_moment_is_not_removed() -> None:
    delivery = make_delivery(make_endpoint(), status="failed", finished_at=timezone.now() - timedelta(days=8))
    purge = Thread(target=run_beside, args=(lambda: sweeping.purge_deliveries(keep_days=7),))
    with transaction.atomic():
        services.replay(delivery=delivery)
        purge.start()
        wait_until_it_waits_for_us(purge)
    purge.join()
    assert how_it_ended(delivery) == ("waiting", "")


def wait_until_it_waits_for_us(thread: Thread) -> None:
    while thread.is_alive():
        with connection.cursor() as cursor:
            cursor.execute(WAITING_FOR_US)
            if cursor.fetchone()[0]:
                return


def test_a_removed_endpoint_s_log_goes_in_pieces_and_then_the_endpoint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sweeping, "PURGED_AT_ONCE", 2)
    endpoint, other = make_endpoint(), make_endpoint()
    kept = make_delivery(other)
    for status in ("waiting", "failed", "sending"):
        delivery = make_delivery(endpoint, status=status)
        DeliveryAttempt.objects.create(delivery=delivery, number=1, started_at=timezone.now(), duration_ms=1)
    endpoints.remove_endpoint(endpoint=endpoint)
    later = timezone.now() + timedelta(hours=2)
    assert [sweeping.purge_deliveries(keep_days=7) for _ in range(3)] == [2, 1, 0]
    assert WebhookEndpoint.objects.filter(pk=endpoint.pk).exists()  # somebody may be writing to it
    assert sweeping.purge_deliveries(keep_days=7, now=later) == 0
    assert list(WebhookEndpoint.objects.all()) == [other]
    assert list(Delivery.objects.all()) == [kept]


def test_nothing_waits_for_ever_for_an_endpoint_that_is_disabled(
    stub_broker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "GIVEN_UP_AT_ONCE", 1)
    endpoint, other = make_endpoint(), make_endpoint()
    under_way = make_delivery(endpoint)
    assert claim() is not None
    services.disable(endpoint=endpoint, reason="owner")
    late, goes_on = make_delivery(endpoint), make_delivery(other)  # by who saw it open
    later = timezone.now() + timedelta(minutes=5)  # and the worker has died
    sweeping.sweep_deliveries(now=later)
    assert min(how_it_ended(late), how_it_ended(under_way)) == ("failed", "endpoint_disabled")
    sweeping.sweep_deliveries(now=later)
    assert {how_it_ended(late), how_it_ended(under_way)} == {("failed", "endpoint_disabled")}
    assert how_it_ended(goes_on) == ("waiting", "")


def test_who_is_enabled_at_this_moment_loses_nothing() -> None:
    endpoint = make_endpoint()
    make_delivery(endpoint)
    assert services.give_up_waiting(endpoint_id=endpoint.pk) == 0
    assert claim() is not None


def test_an_endpoint_for_which_too_much_waits_is_disabled_and_others_are_told(
    settings: Any, stub_broker: Any
) -> None:
    set_webhooks(settings, max_waiting=100)
    project = make_project()
    slow, other = make_endpoint(project), make_endpoint(project)
    for one, count in ((slow, 100), (other, 50)):
        Delivery.objects.bulk_create(
            Delivery(endpoint=one, project_id=project.pk, event_type="video.ready", body="{}")
            for _ in range(count)
        )
    sweeping.sweep_deliveries()
    slow.refresh_from_db()
    assert slow.is_enabled
    make_delivery(slow)
    sweeping.sweep_deliveries()
    slow.refresh_from_db()
    other.refresh_from_db()
    assert (slow.is_enabled, slow.disabled_reason, other.is_enabled) == (False, "backlog", True)
    assert not Delivery.objects.filter(endpoint=slow, status="waiting").exists()
    (told,) = Delivery.objects.filter(event_type="webhook.disabled")
    assert told.endpoint_id == other.pk
    assert '"reason":"backlog"' in told.body
