import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from django.db import connection, transaction
from dramatiq.broker import Broker
from dramatiq.brokers.stub import StubBroker

from gilfoyle.embedded_broker import broker_files, is_answering, prepare_broker, take_broker_lock
from gilfoyle.lib import queue as queue_module
from gilfoyle.lib.bounded_waits import BoundedWaits
from gilfoyle.lib.embedded import embedded_broker_url
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.queue import (
    QUEUES,
    FreshConnections,
    close_old_connections,
    make_broker,
    send,
    send_on_commit,
)
from tests.broken_database import cut_idle_connection
from tests.services import amqp_url, redis_url

PATIENCE_S = 60
DEAD_URLS = ["redis://127.0.0.1:1/0", "unix:///nowhere/broker.sock", "amqp://127.0.0.1:1"]


@contextmanager
def using(broker: Broker) -> Iterator[Broker]:
    """Make this the broker that `send` finds."""
    before = dramatiq.get_broker()
    dramatiq.set_broker(broker)
    try:
        yield broker
    finally:
        dramatiq.set_broker(before)
        broker.close()


@pytest.fixture(scope="module")
def embedded_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data_dir = tmp_path_factory.mktemp("broker")
    files = broker_files(data_dir)
    lock = take_broker_lock(files)
    process = subprocess.Popen(prepare_broker(files), pass_fds=[lock])
    os.close(lock)
    while not is_answering(files.socket):
        assert process.poll() is None
    yield embedded_broker_url(data_dir)
    process.kill()
    process.wait()


@pytest.fixture(params=["embedded", "redis", "rabbitmq"])
def broker_url(request: pytest.FixtureRequest) -> str:
    if request.param == "embedded":
        url: str = request.getfixturevalue("embedded_url")
        return url
    return redis_url() if request.param == "redis" else amqp_url()


def messages(broker: StubBroker, queue: str) -> list[dict[str, Any]]:
    return (
        [dramatiq.Message.decode(raw).asdict() for raw in broker.queues[queue].queue]
        if queue in broker.queues
        else []
    )


def test_what_is_sent_is_received_once_by_a_worker(broker_url: str) -> None:
    received, arrived = [], threading.Event()
    queue = f"test-{random_text(8)}"
    with using(make_broker(broker_url)) as broker:

        @dramatiq.actor(broker=broker, queue_name=queue, actor_name="note")
        def note(of: str, number: int) -> None:
            received.append((of, number))
            if len(received) == 3:
                arrived.set()

        worker = dramatiq.Worker(broker, worker_threads=2, queues={queue})
        worker.start()
        try:
            assert all(send("note", queue=queue, of="x", number=at) for at in range(3))
            assert arrived.wait(PATIENCE_S)
            broker.join(queue)
        finally:
            worker.stop()
            broker.flush(queue)
    assert sorted(received) == [("x", 0), ("x", 1), ("x", 2)]


@pytest.mark.parametrize("url", DEAD_URLS)
def test_a_broker_that_is_down_is_told_and_not_raised(url: str) -> None:
    with using(make_broker(url)):
        assert send("run_step", queue="encode", of="encode") is False


@pytest.mark.parametrize("url", DEAD_URLS)
@pytest.mark.django_db(transaction=True)
def test_a_broker_that_is_down_undoes_no_transaction(url: str) -> None:
    with using(make_broker(url)):
        with transaction.atomic():
            send_on_commit("run_step", queue="encode", of="encode")
        assert not connection.in_atomic_block


@pytest.mark.parametrize("scheme", ["amqp", "redis"])
def test_a_broker_that_is_silent_holds_nobody_who_sends(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue_module, "_sending", BoundedWaits("sending", patience_s=0.05))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        broker = make_broker(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}")
        with using(broker):
            assert send("run_step", queue="encode", of="encode") is False
        silent.settimeout(PATIENCE_S)
        first, _ = silent.accept()
        silent.setblocking(False)
        with pytest.raises(BlockingIOError):
            silent.accept()  # the caller went on while the first was still being waited for
        first.close()


def test_a_redis_that_falls_silent_counts_as_gone() -> None:
    client: Any = getattr(make_broker("redis://127.0.0.1:1/0"), "client")  # noqa: B009 - of Redis alone
    told = client.connection_pool.connection_kwargs
    assert (told["socket_timeout"], told["socket_connect_timeout"]) == (10, 3)


@pytest.mark.django_db(transaction=True)
def test_nothing_about_a_nudge_reaches_the_caller_of_a_change_that_stands() -> None:
    unsendable: Any = object()
    with transaction.atomic():
        send_on_commit("run_step", queue="encode", of=unsendable)
    assert not connection.in_atomic_block


@pytest.mark.django_db(transaction=True)
def test_a_nudge_leaves_after_the_commit_and_not_before(stub_broker: StubBroker) -> None:
    with transaction.atomic():
        send_on_commit("run_step", queue="encode", of="encode")
        assert messages(stub_broker, "encode") == []
    (sent,) = messages(stub_broker, "encode")
    assert (sent["actor_name"], sent["kwargs"]) == ("run_step", {"of": "encode"})


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_transaction_sends_nothing(stub_broker: StubBroker) -> None:
    def change() -> None:
        with transaction.atomic():
            send_on_commit("run_step", queue="encode", of="encode")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - raised just above
        change()
    assert messages(stub_broker, "encode") == []


def test_idle_workers_ask_again_soon_where_somebody_waits_to_play() -> None:
    broker = make_broker("redis://127.0.0.1:1/0")
    pauses_ms = {queue: getattr(broker.consume(queue, timeout=1000), "timeout") for queue in QUEUES}  # noqa: B009 - of Redis consumers alone
    assert pauses_ms == {
        "default": 1000,
        "probe": 100,
        "opening": 100,
        "encode": 1000,
        "package": 100,
        "deliver": 1000,
    }
    assert getattr(broker.consume("probe", timeout=10), "timeout") == 10  # noqa: B009 - the same


def test_retries_are_few_and_no_time_limit_stops_an_encode() -> None:
    names = {type(part).__name__: part for part in make_broker("stub").middleware}
    assert "TimeLimit" not in names
    assert getattr(names["Retries"], "max_retries", None) == 3
    assert FreshConnections.__name__ in names
    assert QUEUES == ("default", "probe", "opening", "encode", "package", "deliver")


@pytest.mark.django_db(transaction=True)
def test_each_message_gets_a_connection_that_works() -> None:
    broker = make_broker("stub")
    outcomes: list[int] = []

    @dramatiq.actor(broker=broker, queue_name="q", actor_name="ask", max_retries=0)
    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            outcomes.append(cursor.fetchone()[0])
        if connection.connection is not None and connection.vendor == "postgresql":
            connection.connection.close()  # as when the server went away
        connection.errors_occurred = True

    worker = dramatiq.Worker(broker, worker_threads=1)
    worker.start()
    try:
        for _ in range(3):
            broker.enqueue(ask.message())
        broker.join("q")
        worker.join()
    finally:
        worker.stop()
    assert outcomes == [1, 1, 1]


@pytest.mark.django_db(transaction=True)
def test_a_broken_connection_is_closed_and_one_inside_a_transaction_is_not() -> None:
    with transaction.atomic():
        connection.close_at = 0
        close_old_connections()
        assert connection.connection is not None
    cut_idle_connection()
    close_old_connections()
    assert connection.connection is None


def test_the_folder_of_the_embedded_broker_is_not_the_network(embedded_url: str, tmp_path: Path) -> None:
    assert embedded_url.startswith("unix://")
    assert embedded_broker_url(tmp_path) != embedded_url
