"""Which parts the suite runs on: SQLite, a folder and the embedded broker, or those that the environment names.

`GILFOYLE_DATABASE_URL` is the database of all tests. `GILFOYLE_TEST_STORE=s3` or `ipfs` lets media lie there, in every test
that does not open the folder itself, and `GILFOYLE_TEST_BROKER=redis` or `rabbitmq` is what whole products nudge by.
A product gets a database, a folder of the store and a broker (a number in Redis, a virtual host in RabbitMQ) of its own.

`GILFOYLE_TEST_NOTE_STORE=FILE` writes down which tests met the store of the media, and `GILFOYLE_TEST_ONLY=FILE` runs those
alone (and whole products): what never meets a store need not be run again on another one.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pika
import psycopg
import pytest
import redis
import yaml
from django.core.files.storage.handler import StorageHandler
from psycopg import sql

from gilfoyle.lib.config import Config
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.media_store import media_store
from gilfoyle.lib.queue import QUEUES
from tests.services import amqp_url, redis_url, service_url

STORE = os.environ.get("GILFOYLE_TEST_STORE", "folder")
BROKER = os.environ.get("GILFOYLE_TEST_BROKER", "embedded")
DATABASE_URL = os.environ.get("GILFOYLE_DATABASE_URL", "")
IS_EMBEDDED = (STORE, BROKER, DATABASE_URL) == ("folder", "embedded", "")
NOTED_IN = os.environ.get("GILFOYLE_TEST_NOTE_STORE", "")
ONLY_FROM = os.environ.get("GILFOYLE_TEST_ONLY", "")
BROKERS_A_PROCESS = (
    2  # as many whole products as a process of the suite has at once; .ci/run has hosts for four processes
)
READ_THE_STORE = (
    "tests/streaming/delivery/"  # the rest of tests/streaming asks about videos, whose media lie beside them
)
_taken: set[int] = set()


def is_for_here(test: pytest.Item) -> bool:
    """Tell whether a test is to run here; what opens the folder of a product's media finds nothing in other stores."""
    if test.get_closest_marker("folder") and STORE != "folder":
        return False
    if not ONLY_FROM or test.get_closest_marker("everywhere"):
        return True
    return test.nodeid in _met_the_store() and not _keeps_a_folder(test)


@cache
def _met_the_store() -> set[str]:
    return set(Path(ONLY_FROM).read_text(encoding="utf-8").splitlines())


@contextmanager
def noted_where_wished(nodeid: str) -> Iterator[None]:
    """Write the test down when it meets the store of the media, where GILFOYLE_TEST_NOTE_STORE says so."""
    if not NOTED_IN:
        yield
        return
    met, find = [], StorageHandler.__getitem__

    def noting(handler: StorageHandler, alias: str) -> Any:
        met.append(alias)
        return find(handler, alias)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(StorageHandler, "__getitem__", noting)
        yield
    if "media" in met:
        with Path(NOTED_IN).open("a", encoding="utf-8") as notes:
            notes.write(f"{nodeid}\n")


def storage_settings(prefix: str) -> dict[str, Any]:
    """Return the section `storage` of a Gilfoyle that has its media there."""
    if STORE == "s3":
        url = urlsplit(service_url("an S3 store", "GILFOYLE_TEST_S3_URL"))
        return {
            "backend": "s3",
            "s3": {
                "bucket": url.path.strip("/"),
                "endpoint_url": f"{url.scheme}://{url.hostname}:{url.port}",
                "access_key_id": unquote(url.username or ""),
                "secret_access_key": unquote(url.password or ""),
                "prefix": prefix,
            },
        }
    if STORE == "ipfs":
        node = service_url("an IPFS node", "GILFOYLE_TEST_IPFS_URL")
        return {"backend": "ipfs", "ipfs": {"rpc_url": node, "timeout_s": 20}}
    return {}


def media_of_a_test(test: pytest.Item, folder: Path) -> dict[str, Any]:
    """Return the entry of Django's STORAGES for a test; who opens the media's folder itself has it, and IPFS needs rows."""
    has_no_rows = STORE == "ipfs" and not test.get_closest_marker("database")
    if STORE == "folder" or _keeps_a_folder(test) or has_no_rows:
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(folder)},
        }
    return media_store(Config.model_validate({"storage": storage_settings(f"tests/{random_text(8)}")}))


def _keeps_a_folder(test: pytest.Item) -> bool:
    """Tell whether a test's media lie in a folder on every installation."""
    # A web process that a test starts for itself has them there, and who asks about a video does not read it.
    looks_inside = "media_dir" in getattr(test, "fixturenames", ())
    starts_one = hasattr(getattr(test, "module", None), "web_process")
    asks = test.nodeid.startswith("tests/streaming/") and not test.nodeid.startswith(READ_THE_STORE)
    return looks_inside or starts_one or asks


@contextmanager
def parts_of_a_product(environment: Mapping[str, str], folder: Path) -> Iterator[dict[str, str]]:
    """Give the environment of a whole product: what its test asks for, on parts of its own as the suite's are."""
    given = dict(environment)
    if IS_EMBEDDED or "GILFOYLE_DATABASE_URL" in given:
        yield given
        return
    number = min(set(range(BROKERS_A_PROCESS)) - _taken)
    _taken.add(number)
    try:
        if DATABASE_URL:
            given["GILFOYLE_DATABASE_URL"] = _own_database()
            given["GILFOYLE_SECRET_KEY"] = "the tests keep no secrets; this only has to be long enough"
        if BROKER != "embedded":
            given["GILFOYLE_BROKER_URL"] = _own_broker(1 + _process() * BROKERS_A_PROCESS + number)
        if STORE != "folder":
            given["GILFOYLE_SETTINGS"] = str(_with_store(given.get("GILFOYLE_SETTINGS", ""), folder))
        yield given
    finally:
        _taken.discard(number)


def _process() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def _with_store(written: str, folder: Path) -> Path:
    told = (yaml.safe_load(Path(written).read_text()) if written else None) or {}
    told.setdefault("storage", storage_settings(f"products/{random_text(8)}"))
    path = folder / "installation.yaml"
    path.write_text(yaml.safe_dump(told))
    return path


_numbers = itertools.count()


def _own_database() -> str:
    url = urlsplit(DATABASE_URL)
    name = f"product_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(_migrated_database())
            )
        )
    return url._replace(path=f"/{name}").geturl()


@cache
def _migrated_database() -> str:
    """Return the name of a database with all tables and no rows of anybody, made once a process."""
    from tests.embedded import run_manage  # noqa: PLC0415 - it asks this module for the parts of its products

    name = f"migrated_{os.getpid()}"
    with psycopg.connect(DATABASE_URL, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    done = run_manage(
        "migrate",
        data_dir=Path(os.environ["GILFOYLE_DATA_DIR"]),
        environment={
            "GILFOYLE_DATABASE_URL": urlsplit(DATABASE_URL)._replace(path=f"/{name}").geturl(),
            "GILFOYLE_SECRET_KEY": os.environ["GILFOYLE_SECRET_KEY"],
        },
    )
    assert done.returncode == 0, done.stderr
    return name


def _own_broker(number: int) -> str:
    """Return the address of a broker that nobody else uses, empty."""
    if BROKER == "redis":
        address = urlsplit(redis_url())._replace(path=f"/{number}").geturl()
        client = redis.Redis.from_url(address)
        client.flushdb()
        client.close()
        return address
    address = amqp_url().rstrip("/") + f"/product-{number}"
    with pika.BlockingConnection(pika.URLParameters(address)) as connection:
        channel = connection.channel()
        for queue in QUEUES:
            for name in (queue, f"{queue}.DQ", f"{queue}.XQ"):
                channel.queue_delete(name)
    return address
