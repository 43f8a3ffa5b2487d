"""Django's DATABASES, made from the settings: the server or SQLite, its pool, its replica, and for how long it is waited."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import environ
from psycopg import IsolationLevel

from gilfoyle.lib.database_settings import COCKROACHDB, DatabaseSettings
from gilfoyle.lib.errors import ConfigError

DEFAULT, REPLICA = "default", "replica"
SQLITE_FILE = "gilfoyle.sqlite3"  # in the data folder
# A server that is silent rather than gone must not hold those who decide about playback: it counts as gone.
PATIENCE = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    # The same of one that fell silent after it had taken a question: nothing is on its way then but these.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
KEPT_S = 60
POOL_WAIT_S = 10
_TIMEOUTS = {
    "statement_timeout": "statement_timeout_s",
    "lock_timeout": "lock_timeout_s",
    "idle_in_transaction_session_timeout": "idle_timeout_s",
}


def databases_of(config: DatabaseSettings, data_dir: Path) -> dict[str, dict[str, Any]]:
    """Return what Django is told of the databases: the one that the settings name, else SQLite in the data folder.

    Raises: ConfigError where the backend of an address is not installed.
    """
    url, replica_url = config.url.get_secret_value(), config.replica_url.get_secret_value()
    made = {DEFAULT: _server(url, config) if url else _sqlite(data_dir)}
    if replica_url:
        made[REPLICA] = _server(replica_url, config) | {"TEST": {"MIRROR": DEFAULT}}
    return made


def limit_waiting(
    databases: Mapping[str, dict[str, Any]], config: DatabaseSettings, *, is_work: bool = False
) -> None:
    """Let the server end what takes this process too long; called before the first connection.

    Commands that are typed have no such limit: a migration takes as long as it takes.
    """
    factor = config.work_factor if is_work else 1.0
    told = [
        f"-c {name}={round(getattr(config, key) * factor * 1000)}"
        for name, key in _TIMEOUTS.items()
        if getattr(config, key)
    ]
    for made in databases.values():
        if "sqlite" not in made["ENGINE"] and told:
            own = made["OPTIONS"].get("options", "")  # the address's own come last, and count
            made["OPTIONS"]["options"] = " ".join([*told, own]).strip()


def allow_threads(databases: Mapping[str, dict[str, Any]], threads: int) -> None:
    """Let a pool have room for so many threads that must not wait for each other; called before the first connection."""
    for made in databases.values():
        if pool := made.get("OPTIONS", {}).get("pool"):
            pool["max_size"] = max(threads, pool["max_size"])


def _server(url: str, config: DatabaseSettings) -> dict[str, Any]:
    is_cockroachdb = url.startswith(COCKROACHDB)
    if is_cockroachdb and find_spec("django_cockroachdb") is None:
        hint = "Install it beside Gilfoyle: .venv/bin/pip install 'django-cockroachdb>=5.2.2,<6'."
        raise ConfigError("settings", "database.url", "needs the package django-cockroachdb", hint=hint)
    made: dict[str, Any] = environ.Env.db_url_config(url)
    options: dict[str, Any] = {**PATIENCE}
    if config.isolation == "serializable" and not is_cockroachdb:  # which knows no other unless it is told
        options["isolation_level"] = IsolationLevel.SERIALIZABLE
    if config.pool_size:
        options["pool"] = {"min_size": 0, "max_size": config.pool_size, "timeout": POOL_WAIT_S}
    made["OPTIONS"] = options | made.get("OPTIONS", {})
    # What a pool keeps, no thread does.
    return made | {"CONN_MAX_AGE": 0 if config.pool_size else KEPT_S, "CONN_HEALTH_CHECKS": True}


def _sqlite(data_dir: Path) -> dict[str, Any]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": data_dir / SQLITE_FILE,
        "CONN_MAX_AGE": KEPT_S,
        "OPTIONS": {
            # A writer takes the lock at BEGIN: a transaction never fails half-way because another wrote first.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: what was answered "stored" survives a power cut.
            # secure_delete: a row that is deleted is overwritten, which a video's key must be.
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
            ),
        },
        "TEST": {"NAME": str(data_dir / "test.sqlite3")},
    }
