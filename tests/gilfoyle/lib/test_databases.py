from pathlib import Path
from typing import Any

import pytest
from psycopg import IsolationLevel

from gilfoyle.lib.database_settings import DatabaseSettings
from gilfoyle.lib.databases import PATIENCE, databases_of, limit_waiting
from gilfoyle.lib.errors import ConfigError

URL = "postgres://ann:pass@db.example.com:5433/videos"


def databases(**given: Any) -> dict[str, dict[str, Any]]:
    return databases_of(DatabaseSettings.model_validate({"url": URL, **given}), Path("/data"))


def test_sqlite_in_the_data_folder_where_nothing_is_said() -> None:
    made = databases(url="")["default"]
    assert made["ENGINE"].endswith("sqlite3")
    assert made["NAME"] == Path("/data/gilfoyle.sqlite3")


def test_an_address_may_carry_options_of_its_own() -> None:
    made = databases(url=f"{URL}?connect_timeout=9&sslmode=require")["default"]
    assert made["OPTIONS"] == {**PATIENCE, "connect_timeout": 9, "sslmode": "require"}


def test_isolation_is_the_database_s_own_unless_another_is_wished() -> None:
    assert "isolation_level" not in databases()["default"]["OPTIONS"]
    options = databases(isolation="serializable")["default"]["OPTIONS"]
    assert options["isolation_level"] == IsolationLevel.SERIALIZABLE


def test_threads_share_a_pool_where_one_is_wished() -> None:
    made = databases(pool_size=6)["default"]
    assert made["OPTIONS"]["pool"] == {"min_size": 0, "max_size": 6, "timeout": 10}
    assert made["CONN_MAX_AGE"] == 0  # Django refuses both
    assert "pool" not in databases()["default"]["OPTIONS"]


def test_a_copy_is_a_database_of_its_own_and_in_tests_the_same() -> None:
    made = databases(replica_url="postgres://ann:pass@copy.example.com/videos", pool_size=3)
    assert made["replica"]["HOST"] == "copy.example.com"
    assert made["replica"]["TEST"] == {"MIRROR": "default"}
    assert made["replica"]["OPTIONS"] == made["default"]["OPTIONS"]
    assert set(databases()) == {"default"}


def test_cockroachdb_has_a_backend_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "cockroachdb://ann:pass@db.example.com:26257/videos"
    monkeypatch.setattr("gilfoyle.lib.databases.find_spec", lambda _name: object())
    made = databases(url=url, isolation="serializable")["default"]
    assert (made["ENGINE"], made["PORT"]) == ("django_cockroachdb", 26257)
    assert "isolation_level" not in made["OPTIONS"]
    monkeypatch.setattr("gilfoyle.lib.databases.find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match="django-cockroachdb") as caught:
        databases(url=url)
    assert "pass@" not in str(caught.value)


def test_requests_wait_less_long_than_work() -> None:
    settings = DatabaseSettings.model_validate({"url": URL, "lock_timeout_s": 0.5})
    for is_work, expected in (
        (
            False,
            "-c statement_timeout=30000 -c lock_timeout=500 -c idle_in_transaction_session_timeout=60000",
        ),
        (
            True,
            "-c statement_timeout=300000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=600000",
        ),
    ):
        made = databases_of(settings, Path("/data"))
        limit_waiting(made, settings, is_work=is_work)
        assert made["default"]["OPTIONS"]["options"] == expected


def test_what_an_address_says_itself_of_limits_comes_last() -> None:
    settings = DatabaseSettings.model_validate({"url": f"{URL}?options=-c%20statement_timeout%3D1"})
    made = databases_of(settings, Path("/data"))
    limit_waiting(made, settings)
    assert made["default"]["OPTIONS"]["options"].endswith("=60000 -c statement_timeout=1")


def test_without_limits_nothing_is_said_of_them() -> None:
    none = {"statement_timeout_s": 0, "lock_timeout_s": 0, "idle_timeout_s": 0}
    for url in (URL, ""):
        settings = DatabaseSettings.model_validate({"url": url, **(none if url else {})})
        made = databases_of(settings, Path("/data"))
        limit_waiting(made, settings)
        assert "options" not in made["default"]["OPTIONS"]
