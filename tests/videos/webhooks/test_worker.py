from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from standardwebhooks import Webhook

from gilfoyle.lib.outbound import OutboundFault
from tests.factories import make_project
from tests.file_server import file_server
from tests.videos.webhooks.receiving import (
    Receiver,
    Reply,
    allow_loopback,
    claim,
    come_due,
    make_delivery,
    make_endpoint,
    send_all,
    set_webhooks,
)
from videos.webhooks import endpoints, worker
from videos.webhooks.models import Delivery, WebhookEndpoint
from videos.webhooks.worker import run_delivery, send_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def no_waiting_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Renewals are tried by a test of their own; here no thread meets another test's database."""
    monkeypatch.setattr(worker.DeliveryLease, "renew", lambda _self: True)
    yield
    assert worker._running == 0


def told(delivery: Delivery) -> tuple[str, str, int | None]:
    delivery.refresh_from_db()
    latest = delivery.attempts.order_by("-number").first()
    return delivery.status, delivery.error, latest.response_status if latest else None


def test_what_is_sent_is_what_was_written_and_the_scheme_s_library_takes_it(receiver: Receiver) -> None:
    shown = endpoints.create_endpoint(project=make_project(), url=receiver.url)
    body = json.dumps({"type": "video.ready", "data": {"title": "Zażółć 🎬"}}, ensure_ascii=False)
    delivery = make_delivery(shown.endpoint, body=body)
    assert send_all() == 1
    (came,) = receiver.came
    assert came.path == "/in?key=hidden"
    assert came.body == body.encode()
    assert came.headers["content-type"] == "application/json"
    assert came.headers["webhook-id"] == delivery.pk
    assert Webhook(shown.secret).verify(came.body, came.headers) == json.loads(body)
    assert told(delivery) == ("delivered", "", 204)


def test_while_secrets_change_either_is_right(receiver: Receiver) -> None:
    old = endpoints.create_endpoint(project=make_project(), url=receiver.url)
    new = endpoints.rotate_secret(endpoint=old.endpoint)
    make_delivery(old.endpoint)
    send_all()
    (came,) = receiver.came
    for secret in (old.secret, new.secret):
        Webhook(secret).verify(came.body, came.headers)


def test_each_try_has_the_same_id_a_time_of_its_own_and_a_signature_that_holds(receiver: Receiver) -> None:
    receiver.replies = [Reply(500, b"oh"), Reply(503, b"no"), Reply()]
    shown = endpoints.create_endpoint(project=make_project(), url=receiver.url)
    delivery = make_delivery(shown.endpoint)
    for _ in range(3):
        come_due()
        send_all()
    assert {came.headers["webhook-id"] for came in receiver.came} == {delivery.pk}
    for came in receiver.came:
        Webhook(shown.secret).verify(came.body, came.headers)
    answers = list(delivery.attempts.values_list("response_status", "response_body", "error"))
    assert answers == [(500, "oh", "endpoint_refused"), (503, "no", "endpoint_refused"), (204, "", "")]
    assert told(delivery)[0] == "delivered"


@pytest.mark.parametrize(
    ("reply", "status", "error"),
    [
        (Reply(200, b"ok"), "delivered", ""),
        (Reply(299, b""), "delivered", ""),
        (Reply(400, b"no"), "waiting", "endpoint_refused"),
        (Reply(429, b"", {"Retry-After": "30"}), "waiting", "endpoint_refused"),
        (Reply(410, b""), "failed", "endpoint_gone"),
    ],
)
def test_2xx_is_good_and_all_else_is_not(receiver: Receiver, reply: Reply, status: str, error: str) -> None:
    receiver.replies = [reply]
    delivery = make_delivery(make_endpoint(url=receiver.url))
    send_all()
    assert told(delivery) == (status, error, reply.status)


def test_retry_after_is_honoured(receiver: Receiver) -> None:
    receiver.replies = [Reply(503, b"", {"Retry-After": "3600"})]
    delivery = make_delivery(make_endpoint(url=receiver.url))
    before = timezone.now()
    send_all()
    delivery.refresh_from_db()
    assert delivery.ready_at >= before + timedelta(hours=1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver: Receiver, status: int) -> None:
    with file_server() as elsewhere:
        receiver.replies = [Reply(status, b"", {"Location": elsewhere.url("/private")})]
        delivery = make_delivery(make_endpoint(url=receiver.url))
        send_all()
        assert elsewhere.hits == 0
    assert told(delivery) == ("waiting", "endpoint_redirects", status)


def test_of_a_long_answer_the_beginning_is_kept_and_the_rest_is_not_waited_for(receiver: Receiver) -> None:
    receiver.replies = [Reply(500, b"\0\xff" + b"x" * 5_000_000)]
    delivery = make_delivery(make_endpoint(url=receiver.url))
    send_all()
    kept = delivery.attempts.get().response_body
    assert kept.startswith("\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}x")
    assert len(kept) == worker.KEPT_ANSWER_BYTES


def test_a_receiver_that_does_not_answer_is_not_waited_for_longer_than_the_limit(
    receiver: Receiver, settings: Any
) -> None:
    allow_loopback(settings, receiver.port, timeout_s=1)
    answered = threading.Event()

    def wait() -> None:
        answered.wait(20)

    receiver.replies = [Reply(before=wait)]
    delivery = make_delivery(make_endpoint(url=receiver.url))
    send_all()
    answered.set()
    assert told(delivery) == ("waiting", "server_unreachable", None)
    assert delivery.attempts.get().message.endswith("did not answer in time.")


def test_one_that_is_not_there_is_a_failure_like_any_other(receiver: Receiver, settings: Any) -> None:
    with file_server() as closed:
        port = closed.port
    allow_loopback(settings, port)
    delivery = make_delivery(make_endpoint(url=f"http://127.0.0.1:{port}/"))
    send_all()
    assert told(delivery) == ("waiting", "server_unreachable", None)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]"])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_nothing_private_is_reached_by_whatever_name(
    receiver: Receiver, settings: Any, scheme: str, host: str
) -> None:
    set_webhooks(settings, allow_http=True, ports=[receiver.port])
    endpoint = make_endpoint(url=f"https://hooks.example.com:{receiver.port}/")
    # As it was registered while the operator still allowed it, or as the name led elsewhere.
    WebhookEndpoint.objects.update(url=f"{scheme}://{host}:{receiver.port}/")
    delivery = make_delivery(endpoint)
    send_all()
    assert receiver.came == []
    assert told(delivery) in (("waiting", "address_refused", None), ("waiting", "address_invalid", None))


def test_in_the_clear_only_the_operator_s_networks_are_reached(receiver: Receiver, settings: Any) -> None:
    delivery = make_delivery(make_endpoint(url=f"http://localhost:{receiver.port}/"))
    set_webhooks(
        settings, private_networks=["10.0.0.0/8"], ports=[receiver.port]
    )  # it was theirs, and is no longer
    send_all()
    assert (receiver.came, told(delivery)[1]) == ([], "address_refused")


def test_a_secret_that_can_t_be_opened_is_our_matter(receiver: Receiver, settings: Any) -> None:
    delivery = make_delivery(make_endpoint(url=receiver.url))
    settings.GILFOYLE_ROOT_SECRET = b"another root secret"
    send_all()
    assert (receiver.came, told(delivery)[:2]) == ([], ("waiting", "delivery_fault"))
    assert WebhookEndpoint.objects.get().failures == 0


def test_who_lost_the_lease_writes_nothing(receiver: Receiver) -> None:
    delivery = make_delivery(make_endpoint(url=receiver.url))
    held = claim()
    assert held is not None
    Delivery.objects.update(attempt=held.attempt + 1)
    run_delivery(held, config=django_settings.GILFOYLE)
    assert len(receiver.came) == 1
    assert told(delivery)[0] == "sending"
    assert not delivery.attempts.exists()


def test_an_endpoint_that_answers_slowly_holds_up_no_other(receiver: Receiver) -> None:
    answered, asked = threading.Event(), threading.Event()

    def wait() -> None:
        asked.set()
        answered.wait(20)

    receiver.replies = [Reply(before=wait), Reply()]
    slow = make_delivery(make_endpoint(url=receiver.url))
    thread = threading.Thread(target=send_in_thread)
    thread.start()
    try:
        assert asked.wait(20)
        quick = [make_delivery(make_endpoint(url=receiver.url)) for _ in range(3)]
        assert send_all() == 3
        assert {told(one)[0] for one in quick} == {"delivered"}
        assert told(slow)[0] == "sending"
    finally:
        answered.set()
        thread.join()
    assert told(slow)[0] == "delivered"


def send_in_thread() -> None:
    try:
        worker.run_next_delivery()
    finally:
        connection.close()


def test_a_process_makes_so_many_at_once_and_the_second_half_is_for_those_that_have_none(
    settings: Any,
) -> None:
    set_webhooks(settings, at_once=2, at_once_per_endpoint=2)
    config = settings.GILFOYLE
    assert [worker.share_of_endpoint(config, running=running) for running in (1, 2)] == [2, 1]
    make_delivery(make_endpoint())
    with worker._slot(2) as first, worker._slot(2) as second:
        assert (first, second) == (1, 2)
        assert not worker.run_next_delivery()
    assert Delivery.objects.get().status == "waiting"


@pytest.mark.parametrize(("is_alone", "most"), [(False, 2), (True, 4)])
def test_a_project_whose_endpoints_are_all_slow_leaves_half_of_the_places_to_others(
    settings: Any, monkeypatch: pytest.MonkeyPatch, is_alone: bool, most: int
) -> None:
    set_webhooks(settings, at_once=4)
    slow, other = make_project(), make_project()
    for _ in range(4):
        make_delivery(make_endpoint(slow))
    quick = None if is_alone else make_endpoint(other)
    taken: list[str] = []

    def hang(held: Delivery, **_told: Any) -> None:
        """Take a place for as long as others are claimed."""
        taken.append(held.project_id)
        if not worker.run_next_delivery() and quick is not None and held.project_id == slow.pk:
            make_delivery(quick)
            worker.run_next_delivery()

    monkeypatch.setattr(worker, "run_delivery", hang)
    worker.run_next_delivery()
    assert taken[:most] == [slow.pk] * most
    assert taken[most : most + 1] == ([] if is_alone else [other.pk])
    assert not any(worker._of_projects.values())


def test_no_connection_is_held_while_the_receiver_takes_its_time(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_delivery(make_endpoint(url=receiver.url))
    held = claim()
    assert held is not None
    open_ones = []

    def look(*_args: Any, **_options: Any) -> None:
        open_ones.append(connection.connection)
        raise OutboundFault("no")

    monkeypatch.setattr(worker, "post", look)
    connection.close_at = 0.0  # as where a pool lends it
    assert send_once(held, config=django_settings.GILFOYLE).error == "server_unreachable"
    assert open_ones == [None]


def test_a_lease_is_renewed_for_its_own_delivery_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    make_delivery(make_endpoint())
    held = claim()
    assert held is not None
    lease = worker.DeliveryLease(held, lease_s=600)
    assert lease.renew()
    delivery = Delivery.objects.get()
    assert delivery.lease_expires_at is not None
    assert delivery.lease_expires_at > timezone.now() + timedelta(seconds=500)
    Delivery.objects.update(attempt=9)
    assert not lease.renew()


def test_what_nobody_foresaw_is_logged_and_tried_again(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_(*_args: Any, **_kwargs: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(worker, "post", break_)
    make_delivery(make_endpoint(url=receiver.url))
    held = claim()
    assert held is not None
    outcome = send_once(held, config=django_settings.GILFOYLE)
    assert (outcome.error, outcome.message, outcome.is_ours) == ("delivery_fault", worker.OURS, True)


def test_how_long_a_try_took_is_kept(receiver: Receiver) -> None:
    began = time.monotonic()
    delivery = make_delivery(make_endpoint(url=receiver.url))
    send_all()
    assert 0 <= delivery.attempts.get().duration_ms <= (time.monotonic() - began) * 1000 + 1
