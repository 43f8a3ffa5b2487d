from __future__ import annotations

import io
import selectors
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from gilfoyle import web_worker
from gilfoyle.web_worker import MOST_BYTES, Worker
from tests.streaming.web_process import web_process

pytestmark = pytest.mark.once

ASKING = b"GET /no/where HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Connection:
    """What gunicorn has of a client."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def close(self, *, graceful: bool = False) -> None:
        assert not graceful, "that is what holds up everybody"
        self.sock.close()


@pytest.fixture
def worker() -> Iterator[Worker]:
    config = Config()
    made = Worker(1, 1, [], None, 30, config, Logger(config))
    made.poller = selectors.DefaultSelector()
    yield made
    made.poller.close()
    made.tmp.close()


def end_one(worker: Worker, *, result: Any = False) -> tuple[socket.socket, socket.socket]:
    """Let a request be over; return the server's and the client's end of its connection."""
    ours, client = socket.socketpair()
    client.settimeout(10)
    answered: Future[Any] = Future()
    answered.set_result(result)
    worker.nr_conns += 1
    ours.sendall(b"the answer")
    worker.finish_request(Connection(ours), answered)
    return ours, client


class Asking:
    """A client's connection that has so many requests to send, each as soon as the last one is answered."""

    def __init__(self, requests: int) -> None:
        self.sock, self._client = socket.socketpair()
        self.parser = SimpleNamespace(unreader=SimpleNamespace(buf=io.BytesIO()))
        self._left = requests
        self.ask()

    def ask(self) -> None:
        if self._left:
            self._left -= 1
            self._client.sendall(b"?")

    def answer(self) -> None:
        assert self.sock.recv(1) == b"?"
        self.ask()


@pytest.mark.parametrize(
    ("connections", "is_alive", "answered"),
    [
        pytest.param(1, True, 3, id="all that it asks"),
        pytest.param(8, True, 3, id="a thread for each connection"),
        pytest.param(9, True, 1, id="another one may wait for the thread"),
        pytest.param(1, False, 1, id="it is told to stop"),
    ],
)
def test_a_thread_answers_what_follows_at_once_on_its_connection(
    worker: Worker, monkeypatch: pytest.MonkeyPatch, connections: int, is_alive: bool, answered: int
) -> None:
    seen: list[Asking] = []

    def answer_one(_worker: Worker, conn: Asking) -> bool:
        conn.answer()
        seen.append(conn)
        return True

    monkeypatch.setattr(ThreadWorker, "handle", answer_one)
    worker.cfg.set("threads", 8)
    worker.nr_conns, worker.alive = connections, is_alive
    assert worker.handle(Asking(3)) is True, "then it waits with the others for what it asks next"
    assert len(seen) == answered


def is_closed(sock: socket.socket) -> bool:
    return sock.fileno() == -1


def test_a_client_that_keeps_its_end_open_is_told_the_end_and_waited_for_by_nobody(worker: Worker) -> None:
    ended = [end_one(worker) for _ in range(50)]  # each would take gunicorn's own worker two seconds
    assert worker.nr_conns == 0
    for ours, client in ended:
        assert client.makefile("rb").read() == b"the answer"
        assert not is_closed(ours)
        client.sendall(b"more of a body that nobody wants")  # and no reset, which would throw the answer away
        worker.wait_for_and_dispatch_events(timeout=10)
        assert not is_closed(ours)
        client.close()
        worker.wait_for_and_dispatch_events(timeout=10)
        assert is_closed(ours)


def test_one_that_never_closes_is_closed_when_the_time_is_over(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, client = end_one(worker)
    worker.murder_pending()
    assert not is_closed(ours)
    later_s = time.monotonic() + web_worker.PATIENCE_S
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    worker.murder_pending()
    assert is_closed(ours)
    client.close()


def test_one_that_sends_without_end_is_closed(worker: Worker) -> None:
    ours, client = end_one(worker)
    with pytest.raises(OSError, match=r"[Bb]roken pipe|reset"):  # noqa: PT012  # it takes some rounds
        for _ in range(MOST_BYTES // 1024 + 100):
            client.sendall(bytes(1024))
            if not is_closed(ours):
                worker.wait_for_and_dispatch_events(timeout=10)
    assert is_closed(ours)
    client.close()


def test_of_too_many_the_oldest_are_closed(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_worker, "MOST_AT_ONCE", 3)
    ended = [end_one(worker) for _ in range(5)]
    assert [is_closed(ours) for ours, _ in ended] == [True, True, False, False, False]
    for _, client in ended:
        assert client.makefile("rb").read() == b"the answer"
        client.close()


def test_one_that_was_closed_for_another_may_be_in_the_same_batch_of_events(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web_worker, "MOST_AT_ONCE", 1)
    end_one(worker)
    oldest = worker._ending[0]
    end_one(worker)  # the oldest is closed for it
    worker._read_on(oldest, oldest.sock)
    assert len(worker._ending) == 1


def test_a_client_that_has_gone_is_no_error(worker: Worker) -> None:
    ours, client = socket.socketpair()
    client.close()
    answered: Future[Any] = Future()
    answered.set_result(False)
    worker.finish_request(Connection(ours), answered)
    if not is_closed(ours):
        worker.wait_for_and_dispatch_events(timeout=10)
    assert is_closed(ours)


def test_kept_connections_are_gunicorn_s_own_matter(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    handed: list[object] = []
    monkeypatch.setattr(
        "gunicorn.workers.gthread.ThreadWorker.finish_request", lambda *_: handed.append("on")
    )
    ours, client = end_one(worker, result=True)
    failed: Future[Any] = Future()
    failed.set_exception(RuntimeError())
    worker.finish_request(Connection(ours), failed)
    assert handed == ["on", "on"]
    ours.close()
    client.close()


@pytest.mark.django_db(transaction=True)
def test_a_server_answers_while_clients_keep_closed_connections_open(tmp_path: Path) -> None:
    with web_process(tmp_path) as web:
        url = httpx.URL(web.url)
        held = []
        for _ in range(5):
            client = socket.create_connection((url.host, url.port or 80), timeout=30)
            client.sendall(ASKING)
            assert client.makefile("rb").read().startswith(b"HTTP/1.1 404")
            held.append(client)
        assert httpx.get(f"{web.url}/no/where", timeout=30).status_code == 404
        for client in held:
            client.close()
