"""What every test stands on: a Gilfoyle of its own, away from this checkout's settings and data.

The environment is made first, because it decides what Django's settings become; then Django is set up.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import hypothesis
import pytest
from django.contrib.auth import hashers

from tests.cockroach_shim import use_shim_if_wished

# How long an example takes on a busy machine says nothing about the code.
hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("house")

KEPT_VARIABLES = ("GILFOYLE_DATABASE_URL", "GILFOYLE_SECRET_KEY")
_home = tempfile.TemporaryDirectory(prefix="gilfoyle-tests-", ignore_cleanup_errors=True)


def _set_environment(home: Path) -> None:
    """Leave of the developer's Gilfoyle only the database that the tests are to run on."""
    for name in list(os.environ):
        if (
            name.startswith("GILFOYLE_")
            and not name.startswith("GILFOYLE_TEST_")
            and name not in KEPT_VARIABLES
        ):
            del os.environ[name]
    settings_file = home / "settings.yaml"
    isolation = os.environ.get("GILFOYLE_TEST_ISOLATION", "read_committed")
    # Without limits: how long a busy machine takes says nothing about the code.
    database = f"isolation: {isolation}, statement_timeout_s: 0, lock_timeout_s: 0, idle_timeout_s: 0"
    settings_file.write_text(f"database: {{{database}}}\n", encoding="utf-8")
    os.environ["GILFOYLE_SETTINGS"] = str(settings_file)
    os.environ["GILFOYLE_DATA_DIR"] = str(home / "data")
    os.environ["GILFOYLE_BROKER_URL"] = "stub"
    os.environ["DJANGO_SETTINGS_MODULE"] = "gilfoyle.settings"
    (home / "data").mkdir()
    if os.environ.get("GILFOYLE_DATABASE_URL"):
        os.environ.setdefault(
            "GILFOYLE_SECRET_KEY", "the tests keep no secrets; this only has to be long enough"
        )


_set_environment(Path(_home.name))
django.setup()
use_shim_if_wished()

hashers.PBKDF2PasswordHasher.iterations = (
    1000  # a million of them cost half a second for each user that a test makes
)

import dramatiq  # noqa: E402 - it makes a broker of its own when it is used before Django is set up
from django.conf import settings as django_settings  # noqa: E402 - read from the environment above
from django.db import connection  # noqa: E402 - after the above
from django.utils import timezone  # noqa: E402 - the same
from dramatiq.brokers.stub import StubBroker  # noqa: E402 - after the above
from rest_framework.test import APIClient  # noqa: E402 - the same

from gilfoyle.lib import leases, shared_clock  # noqa: E402 - the same
from tests import factories, installation  # noqa: E402 - rows need Django
from tests.documented import watch_answers  # noqa: E402 - the same
from tests.emptying import empty_only_what_is_full  # noqa: E402 - the same
from tests.factories import Account  # noqa: E402 - the same
from tests.lanes import REAL_TIME, Lanes, lane_of  # noqa: E402 - the same
from tests.lengths import is_for_now  # noqa: E402 - the same
from tests.lost_races import WISHED, wished_races  # noqa: E402 - the same
from videos.audit.guards import remove_guards  # noqa: E402 - the same

watch_answers()
# Each client of a test is a server of its own, which would look at every static file first: three quarters of a call's time.
django_settings.WHITENOISE_AUTOREFRESH = True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what meets the database, so that a run on another one repeats that alone."""
    elsewhere = [item for item in items if not is_for_now(item) or not installation.is_for_here(item)]
    if elsewhere:
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if item not in set(elsewhere)]
    for item in items:
        fixtures = set(getattr(item, "fixturenames", ()))
        if item.get_closest_marker("django_db") or fixtures & {"db", "transactional_db"}:
            item.add_marker(pytest.mark.database)
        if item.get_closest_marker("embedded") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(900))  # several processes have to start, on a busy machine
    if "PYTEST_XDIST_WORKER" in os.environ:
        # First what waits most, so that it ends with all else.
        items.sort(key=_how_soon)


def _how_soon(item: pytest.Item) -> int:
    if item.get_closest_marker("embedded"):
        return 0
    return 1 if lane_of(item.nodeid) in REAL_TIME else 2


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Lanes:
    """Let whoever runs the suite in several processes have our lanes, whatever `--dist` says."""
    return Lanes(config, log)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Give each process a database of its own, and spare SQLite the disk: no row need survive a power cut."""
    del django_db_modify_db_settings_parallel_suffix
    options: dict[str, Any] = django_settings.DATABASES["default"].get("OPTIONS", {})
    if "init_command" in options:
        options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let tests that commit empty their tables after them; on SQLite the audit's guards would refuse that."""
    del django_db_setup
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            remove_guards(connection)
        empty_only_what_is_full()


@pytest.fixture(autouse=True)
def data_dir(request: pytest.FixtureRequest, tmp_path: Path, settings: Any) -> Path:
    """Give each test a data folder of its own, and an empty media store: in it, or where tests/installation.py says."""
    folder = tmp_path / "gilfoyle"
    server = settings.GILFOYLE.server.model_copy(update={"data_dir": folder})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"server": server})
    settings.DATA_DIR = folder
    media = installation.media_of_a_test(request.node, settings.GILFOYLE.media_path)
    settings.STORAGES = {**settings.STORAGES, "default": media, "media": media}
    return folder


@pytest.fixture
def media_dir(settings: Any) -> Path:
    """The folder of the media store (it appears with the first object)."""
    path: Path = settings.GILFOYLE.media_path
    return path


@pytest.fixture(autouse=True)
def stub_broker() -> Iterator[StubBroker]:
    """The broker of the tests, empty at the start of each: it keeps messages and delivers none by itself."""
    broker = dramatiq.get_broker()
    assert isinstance(broker, StubBroker), "tests must not reach a real broker by accident"
    broker.flush_all()
    yield broker
    broker.flush_all()
    leases._stopping.clear()  # a worker that a test stops would leave no work for later tests of the process


@pytest.fixture(autouse=True)
def one_clock() -> None:
    """Let leases run by this machine's clock, by which tests say when; what a busy database says is some ms off."""
    shared_clock._anchor = (shared_clock.since_boot_s(), timezone.now())


@pytest.fixture(autouse=True)
def playback_without_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes count plays and use, and look at facts, by threads, which here would meet the databases of later tests.

    One that is told in the middle of a transaction that databases are closed to it holds SQLite's lock for good.
    """
    monkeypatch.setattr("gilfoyle.lib.written_behind.WrittenBehind.begin", lambda _noted: None)
    monkeypatch.setattr("streaming.admission.watch._start", lambda: None)


@pytest.fixture(autouse=True)
def nobody_s_installation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody ask the rows whose secret and store these are before something is stored: many tests have none, or no objects."""
    monkeypatch.setattr("gilfoyle.lib.wrapped_keys._Guard.prove", staticmethod(lambda _secret: None))
    monkeypatch.setattr("gilfoyle.lib.store_marks._Guard.require", staticmethod(lambda _root: None))


@pytest.fixture(autouse=bool(WISHED))
def lost_races(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the transactions of each test lose races, where that is wished (tests/lost_races.py)."""
    with wished_races(request.node.nodeid):
        yield


@pytest.fixture(autouse=bool(installation.NOTED_IN))
def noted_store(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let it be known which tests meet the media's store, where that is asked."""
    with installation.noted_where_wished(request.node.nodeid):
        yield


@pytest.fixture
def account(db: None) -> Account:
    """A project with an API key of all scopes."""
    del db
    return factories.make_account()


@pytest.fixture
def api(account: Account) -> APIClient:
    """A client of the REST API that sends `account`'s key."""
    return account.client()
