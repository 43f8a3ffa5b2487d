import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from django.db import connections
from django.test import Client

from gilfoyle import health
from gilfoyle.lib import storage
from gilfoyle.lib.bounded_waits import BoundedWaits
from gilfoyle.lib.queue import make_broker
from gilfoyle.scheduling.leases import DatabaseLeases
from streaming.exposure.models import ExposureTest


@pytest.fixture
def dead_broker() -> Iterator[None]:
    before = dramatiq.get_broker()
    dramatiq.set_broker(make_broker("redis://127.0.0.1:1/0"))
    yield
    dramatiq.set_broker(before)


def test_live_needs_nothing(dead_broker: None) -> None:
    answer = Client().get("/healthz/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_ready_when_every_part_is() -> None:
    answer = Client().get("/healthz/ready")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "broker": "ok", "storage": "ok"}
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "amqp://127.0.0.1:1"])
def test_a_dead_broker_is_named_and_nothing_more_is_told(url: str) -> None:
    before = dramatiq.get_broker()
    dramatiq.set_broker(make_broker(url))
    try:
        answer = Client().get("/healthz/ready")
    finally:
        dramatiq.set_broker(before)
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "ok", "broker": "failed", "storage": "ok"}


@pytest.mark.django_db
def test_a_store_that_is_no_folder_is_named(media_dir: Path) -> None:
    media_dir.parent.mkdir(parents=True)
    media_dir.write_bytes(b"")
    answer = Client().get("/healthz/ready")
    assert answer.status_code == 503
    assert answer.json()["storage"] == "failed"


@pytest.mark.django_db
def test_a_store_that_is_silent_holds_nobody_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    monkeypatch.setattr(storage, "require_usable", over.wait)
    monkeypatch.setitem(health.BOUNDED, "storage", BoundedWaits("asking the storage", patience_s=0.05))
    try:
        answer = Client().get("/healthz/ready")
    finally:
        over.set()
    assert answer.status_code == 503
    assert answer.json() == {"status": "unavailable", "database": "ok", "broker": "ok", "storage": "failed"}


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_gone_is_named(settings: Any) -> None:
    connection = connections["default"]
    connection.close()
    kept = dict(connection.settings_dict)
    connection.settings_dict |= {"NAME": "/nowhere/at/all.sqlite3", "PORT": 1, "HOST": "127.0.0.1"}
    try:
        answer = Client().get("/healthz/ready")
    finally:
        connection.close()
        connection.settings_dict.update(kept)
    assert answer.status_code == 503
    assert answer.json()["database"] == "failed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "status", "word"),
    [
        ("passed", 200, "ok"),
        ("exposed", 503, "exposed"),
        ("inconclusive", 503, "unknown"),
        (None, 503, "unknown"),
    ],
)
def test_exposure_is_told_and_takes_nobody_out_of_service(
    outcome: str | None, status: int, word: str
) -> None:
    if outcome:
        ExposureTest.objects.create(outcome=outcome)
    answer = Client().get("/healthz/exposure")
    assert (answer.status_code, answer.json()) == (status, {"status": word})
    assert Client().get("/healthz/ready").status_code == 200


@pytest.mark.django_db
def test_whether_a_scheduler_acts_is_told_and_not_which() -> None:
    answer = Client().get("/healthz/scheduler")
    assert (answer.status_code, answer.json()) == (503, {"status": "none"})
    leases = DatabaseLeases()
    leases.take("scheduler", "host:12:ab", leases.look("scheduler"))
    answer = Client().get("/healthz/scheduler")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
