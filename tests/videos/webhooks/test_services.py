from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from gilfoyle.lib.errors import StaleWork
from tests.factories import make_project
from tests.threads import run_at_once
from tests.videos.webhooks.receiving import (
    claim,
    come_due,
    make_delivery,
    make_endpoint,
    set_webhooks,
)
from videos.audit.models import AuditEntry
from videos.webhooks import endpoints, services, sweeping
from videos.webhooks.errors import DeliveryForgotten, DeliveryUnderWay, WebhookDisabled
from videos.webhooks.models import Delivery, DeliveryAttempt, WebhookEndpoint
from videos.webhooks.services import Outcome

pytestmark = pytest.mark.django_db


def outcome(status: int | None = 204, **told: Any) -> Outcome:
    is_good = status is not None and 200 <= status < 300
    return Outcome(timezone.now(), 5, status, error="" if is_good else "endpoint_refused", **told)


def end(held: Delivery | None, status: int | None = 204, **told: Any) -> Delivery:
    assert held is not None
    services.record_outcome(held=held, outcome=outcome(status, **told))
    return Delivery.objects.select_related("endpoint").get(pk=held.pk)


def fail_once(delivery: Delivery, status: int | None = 500, **told: Any) -> Delivery:
    come_due()
    return end(claim(), status, **told)


def record(project_id: str, event_type: str = "video.ready") -> None:
    with transaction.atomic():
        services.record_event(event_type, project_id=project_id, subject_id="vid_1", make=lambda: {"a": 1})


def test_an_event_is_written_down_for_who_wants_to_hear_of_it_alone(
    django_capture_on_commit_callbacks: Any, stub_broker: Any
) -> None:
    project = make_project()
    hearing, all_ears = make_endpoint(project, event_types=["video.ready"]), make_endpoint(project)
    make_endpoint(project, event_types=["video.failed"])
    make_endpoint(make_project())
    services.disable(endpoint=make_endpoint(project), reason="owner")
    with django_capture_on_commit_callbacks(execute=True):
        record(project.pk)
    made = Delivery.objects.all()
    assert {one.endpoint_id for one in made} == {hearing.pk, all_ears.pk}
    assert len({one.body for one in made}) == 1
    assert stub_broker.queues["deliver"].qsize() == 1


def test_where_nobody_hears_nothing_is_made(settings: Any) -> None:
    def make() -> dict[str, Any]:
        raise AssertionError

    project = make_project()
    services.record_event("video.ready", project_id=project.pk, subject_id="vid_1", make=make)
    make_endpoint(project)
    set_webhooks(settings, enabled=False)
    services.record_event("video.ready", project_id=project.pk, subject_id="vid_1", make=make)
    assert not Delivery.objects.exists()


def test_what_is_undone_was_never_told() -> None:
    project = make_project()
    make_endpoint(project)
    with transaction.atomic():
        record(project.pk)
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_a_delivery_is_claimed_once_and_an_endpoint_has_so_many_at_once() -> None:
    endpoint = make_endpoint()
    for _ in range(3):
        make_delivery(endpoint)
    first, second = claim(), claim()
    assert first is not None
    assert second is not None
    assert first.pk != second.pk
    assert claim() is None
    assert end(first).status == "delivered"
    assert claim() is not None


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_never_take_the_same_nor_too_many() -> None:
    one, other = make_endpoint(), make_endpoint()
    for _ in range(4):
        make_delivery(one)
        make_delivery(other)
    taken = [held for held in run_at_once([claim] * 8) if held is not None]
    assert len({held.pk for held in taken}) == len(taken)
    for endpoint in (one, other):
        assert Delivery.objects.filter(endpoint=endpoint, status="sending").count() <= 2


def test_a_slow_endpoint_holds_up_no_other() -> None:
    slow, quick = make_endpoint(), make_endpoint()
    long_ago = timezone.now() - timedelta(hours=1)
    for _ in range(5):
        make_delivery(slow, ready_at=long_ago)
    claim()
    make_delivery(quick)
    taken = claim()
    assert taken is not None
    assert taken.endpoint_id == quick.pk


def test_one_that_fails_gets_one_at_a_time_and_rests() -> None:
    endpoint = make_endpoint()
    deliveries = [make_delivery(endpoint) for _ in range(6)]
    end(claim(), 500)
    assert claim() is not None
    assert claim() is None  # while the second is under way
    Delivery.objects.filter(status="sending").update(status="waiting")
    for delivery in deliveries[:3]:
        fail_once(delivery)
    endpoint.refresh_from_db()
    assert endpoint.failures == 4
    assert endpoint.held_until is not None
    assert claim() is None
    come_due()
    end(claim())
    again = type(endpoint).objects.get(pk=endpoint.pk)
    assert (again.failures, again.failing_since, again.held_until) == (0, None, None)


def test_a_busy_endpoint_is_left_alone_for_as_long_as_it_asks() -> None:
    endpoint = make_endpoint()
    make_delivery(endpoint)
    make_delivery(endpoint)
    before = timezone.now()
    tried = end(claim(), 429, retry_after_s=600.0)
    assert tried.ready_at >= before + timedelta(seconds=600)
    assert tried.endpoint.held_until is not None
    assert tried.endpoint.held_until >= before + timedelta(seconds=600)
    assert claim() is None


def test_the_schedule_is_gone_through_and_then_it_has_failed() -> None:
    delivery = make_delivery(make_endpoint())
    pauses = []
    for number in range(1, 11):
        before = timezone.now()
        tried = fail_once(delivery)
        assert tried.tries == number
        if tried.status == "waiting":
            pauses.append(round((tried.ready_at - before).total_seconds(), -1) if number > 1 else 5)
    assert pauses == [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]
    assert tried.status == "failed"
    assert tried.finished_at is not None
    assert DeliveryAttempt.objects.filter(delivery=delivery).count() == 10


def test_410_disables_the_endpoint_and_gives_up_what_waits_and_others_are_told() -> None:
    project = make_project()
    gone, other = make_endpoint(project), make_endpoint(project)
    make_delivery(gone)
    waiting = make_delivery(gone, ready_at=timezone.now() + timedelta(hours=1))
    assert end(claim(), 410).status == "failed"
    gone.refresh_from_db()
    assert (gone.is_enabled, gone.disabled_reason) == (False, "gone")
    sweeping.sweep_deliveries()
    waiting.refresh_from_db()
    assert (waiting.status, waiting.error) == ("failed", "endpoint_disabled")
    (told,) = Delivery.objects.filter(event_type="webhook.disabled")
    assert told.endpoint_id == other.pk
    assert AuditEntry.objects.get(verb="webhook.disabled").data == {"reason": "gone"}
    record(project.pk)
    assert not Delivery.objects.filter(endpoint=gone, status="waiting").exists()


def test_an_endpoint_that_fails_for_days_is_disabled() -> None:
    endpoint = make_endpoint()
    delivery = make_delivery(endpoint)
    WebhookEndpoint.objects.update(failures=30, failing_since=timezone.now() - timedelta(days=4, hours=23))
    assert fail_once(delivery).status == "waiting"
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(days=5, hours=1))
    fail_once(delivery)
    endpoint.refresh_from_db()
    assert endpoint.disabled_reason == "failing"
    assert claim() is None


def test_what_breaks_here_counts_against_no_endpoint() -> None:
    tried = end(claim_of(make_delivery(make_endpoint())), None, is_ours=True)
    assert (tried.status, tried.endpoint.failures, tried.endpoint.failing_since) == ("waiting", 0, None)


def claim_of(delivery: Delivery) -> Delivery:
    held = claim()
    assert held is not None
    assert held.pk == delivery.pk
    return held


def test_a_dead_worker_s_delivery_goes_to_another_under_the_same_id(stub_broker: Any) -> None:
    delivery = make_delivery(make_endpoint())
    dead = claim_of(delivery)
    assert sweeping.sweep_deliveries() == 0
    later = timezone.now() + timedelta(minutes=2)
    assert sweeping.sweep_deliveries(now=later) == 1
    come_due()
    again = claim_of(delivery)
    assert again.attempt == dead.attempt + 1
    assert not services.renew_delivery(held=dead, lease_s=60)
    with pytest.raises(StaleWork):
        services.record_outcome(held=dead, outcome=outcome())
    assert services.renew_delivery(held=again, lease_s=60)
    assert end(again).status == "delivered"
    assert DeliveryAttempt.objects.count() == 1


def test_what_has_ended_can_be_sent_again_under_the_same_id() -> None:
    delivery = make_delivery(make_endpoint())
    end(claim())
    replayed = services.replay(delivery=delivery)
    assert (replayed.status, replayed.tries, replayed.finished_at) == ("waiting", 0, None)
    with pytest.raises(DeliveryUnderWay):
        services.replay(delivery=delivery)
    assert end(claim()).pk == delivery.pk
    assert list(delivery.attempts.values_list("number", flat=True)) == [1, 2]
    Delivery.objects.update(body="")
    delivery.refresh_from_db()
    with pytest.raises(DeliveryForgotten):
        services.replay(delivery=delivery)
    services.disable(endpoint=delivery.endpoint, reason="owner")
    for call in (
        lambda: services.replay(delivery=delivery),
        lambda: services.replay_failed(endpoint=delivery.endpoint, since=timezone.now()),
        lambda: services.send_test(endpoint=delivery.endpoint),
    ):
        with pytest.raises(WebhookDisabled):
            call()


def test_of_one_delivery_the_latest_tries_are_kept() -> None:
    delivery = make_delivery(make_endpoint(), attempt=30)
    for number in range(1, 31):
        DeliveryAttempt.objects.create(
            delivery=delivery, number=number, started_at=timezone.now(), duration_ms=1
        )
    end(claim())
    numbers = list(delivery.attempts.values_list("number", flat=True))
    assert numbers == list(range(12, 32))


def test_what_failed_since_a_moment_is_sent_again(stub_broker: Any) -> None:
    endpoint = make_endpoint()
    now = timezone.now()
    old = make_delivery(endpoint, status="failed", created_at=now - timedelta(days=2))
    new = make_delivery(endpoint, status="failed", created_at=now - timedelta(hours=1))
    make_delivery(endpoint, status="failed", body="")
    make_delivery(endpoint, status="delivered")
    assert services.replay_failed(endpoint=endpoint, since=now - timedelta(days=1)) == 1
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, new.status) == ("failed", "waiting")
    assert services.replay_failed(endpoint=endpoint, since=now) == 0


def test_what_the_old_address_answers_is_nothing_against_the_new_one() -> None:
    endpoint = make_endpoint()
    for _ in range(2):
        make_delivery(endpoint)
    fails, throttles = claim(), claim()
    WebhookEndpoint.objects.update(failures=9, failing_since=timezone.now(), held_until=timezone.now())
    endpoints.edit_endpoint(endpoint=endpoint, url="https://new.example.com/")
    assert (endpoint.failures, endpoint.failing_since, endpoint.held_until) == (0, None, None)
    before = timezone.now()
    gone = end(fails, 410)
    assert (gone.status, gone.error) == ("waiting", "endpoint_refused")
    assert end(throttles, 429, retry_after_s=600.0).ready_at < before + timedelta(seconds=60)
    now = WebhookEndpoint.objects.get()
    assert (now.is_enabled, now.failures, now.failing_since, now.held_until) == (True, 0, None, None)
    WebhookEndpoint.objects.update(failures=2)
    come_due()
    late = claim()
    endpoints.edit_endpoint(endpoint=endpoint, url="https://newer.example.com/")
    WebhookEndpoint.objects.update(failures=1)
    end(late)
    assert WebhookEndpoint.objects.get().failures == 1  # what the former one took says as little


def test_a_neighbour_does_not_undo_the_rest_that_was_asked_for() -> None:
    endpoint = make_endpoint()
    for _ in range(3):
        make_delivery(endpoint)
    asks, fails, succeeds = claim(3), claim(3), claim(3)
    began = timezone.now()
    asked = end(asks, 429, retry_after_s=600.0).endpoint.held_until
    assert asked is not None
    assert end(fails, 502).endpoint.held_until == asked  # which alone would be five seconds
    assert succeeds is not None
    services.record_outcome(held=succeeds, outcome=Outcome(began, 5, 204))
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.held_until) == (0, asked)
    make_delivery(endpoint, status="sending", lease_owner="me")
    end(Delivery.objects.get(status="sending"))  # begun after the rest was asked for, and taken
    endpoint.refresh_from_db()
    assert (endpoint.held_until, endpoint.held_at) == (None, None)


def test_who_saw_an_endpoint_before_it_asked_for_rest_claims_nothing() -> None:
    endpoint = make_endpoint()
    make_delivery(endpoint)
    later = timezone.now() + timedelta(minutes=5)
    WebhookEndpoint.objects.update(held_until=later)
    assert services._claim_of(endpoint.pk, "me", later, 2) is None
    WebhookEndpoint.objects.update(held_until=None)
    assert services._claim_of(endpoint.pk, "me", later, 2) is not None


def test_what_was_forgotten_meanwhile_is_neither_replayed_nor_sent() -> None:
    endpoint = make_endpoint()
    stale = make_delivery(endpoint, status="failed")
    Delivery.objects.update(body="")
    with pytest.raises(DeliveryForgotten):
        services.replay(delivery=stale)
    Delivery.objects.all().delete()
    with pytest.raises(DeliveryForgotten):
        services.replay(delivery=stale)
    caught = make_delivery(endpoint, body="")  # forgotten at the moment of its replay
    assert claim() is None
    caught.refresh_from_db()
    assert (caught.status, caught.error) == ("failed", "forgotten")
