"""Django's settings as a fresh process makes them from the environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
SHOWN = """
import json, sys
from gilfoyle import settings as made
names = sys.argv[1].split(",")
print(json.dumps({name: getattr(made, name) for name in names}, default=str))
"""


def load(tmp_path: Path, names: str, **environment: str) -> dict[str, Any]:
    """Return settings of a new process; an explanation in its place where they can't be made."""
    (tmp_path / "settings.yaml").write_text("", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GILFOYLE_")}
    own = {"GILFOYLE_SETTINGS": str(tmp_path / "settings.yaml"), "GILFOYLE_DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [sys.executable, "-c", SHOWN, names],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**kept, **own, **environment},
    )
    if done.returncode:
        return {"error": done.stderr}
    shown: dict[str, Any] = json.loads(done.stdout)
    return shown


def test_plain_http_on_this_machine_by_default(tmp_path: Path) -> None:
    made = load(
        tmp_path,
        "DEBUG,SESSION_COOKIE_SECURE,CSRF_COOKIE_SECURE,SECURE_HSTS_SECONDS,ALLOWED_HOSTS,BROKER_URL,STORAGES",
    )
    assert made["DEBUG"] is False
    assert (made["SESSION_COOKIE_SECURE"], made["CSRF_COOKIE_SECURE"], made["SECURE_HSTS_SECONDS"]) == (
        False,
        False,
        0,
    )
    assert "*" not in made["ALLOWED_HOSTS"]
    assert made["BROKER_URL"].startswith("unix://")
    assert made["STORAGES"]["media"]["OPTIONS"] == {"location": str(tmp_path / "data" / "media")}


def test_https_makes_cookies_secure(tmp_path: Path) -> None:
    made = load(
        tmp_path,
        "SESSION_COOKIE_SECURE,CSRF_COOKIE_SECURE,SECURE_HSTS_SECONDS,ALLOWED_HOSTS,CSRF_TRUSTED_ORIGINS",
        GILFOYLE_PUBLIC_URL="https://video.example.com",
    )
    assert (made["SESSION_COOKIE_SECURE"], made["CSRF_COOKIE_SECURE"]) == (True, True)
    assert made["SECURE_HSTS_SECONDS"] > 0
    assert "video.example.com" in made["ALLOWED_HOSTS"]
    assert made["CSRF_TRUSTED_ORIGINS"] == ["https://video.example.com"]


def test_another_database_needs_the_secret_that_all_machines_share(tmp_path: Path) -> None:
    url = "postgres://ann:pass@db.example.com:5433/videos"
    assert "server.secret_key must be set" in load(tmp_path, "DATABASES", GILFOYLE_DATABASE_URL=url)["error"]
    made = load(tmp_path, "DATABASES,SECRET_KEY", GILFOYLE_DATABASE_URL=url, GILFOYLE_SECRET_KEY="s" * 50)
    database = made["DATABASES"]["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["NAME"], database["HOST"], database["PORT"]) == ("videos", "db.example.com", 5433)
    assert database["CONN_HEALTH_CHECKS"] is True
    told = database["OPTIONS"]
    assert (told["connect_timeout"], told["tcp_user_timeout"]) == (3, 5000)
    # One that fell silent after it took a question is found out as soon: 5 s, and three times 2 s.
    assert (told["keepalives_idle"], told["keepalives_interval"], told["keepalives_count"]) == (5, 2, 3)
    assert made["SECRET_KEY"] == "s" * 50


def test_the_broker_can_be_another(tmp_path: Path) -> None:
    url = "amqp://ann:pass@127.0.0.1:5672"
    assert load(tmp_path, "BROKER_URL", GILFOYLE_BROKER_URL=url)["BROKER_URL"] == url


def test_a_bucket_is_told_all_that_it_needs(tmp_path: Path) -> None:
    (tmp_path / "s3.yaml").write_text("storage: {backend: s3, s3: {prefix: /all/media/}}", encoding="utf-8")
    made = load(
        tmp_path,
        "STORAGES",
        GILFOYLE_SETTINGS=str(tmp_path / "s3.yaml"),
        GILFOYLE_S3_BUCKET="videos",
        GILFOYLE_S3_ENDPOINT_URL="https://s3.example.com",
        GILFOYLE_S3_ACCESS_KEY_ID="ann",
        GILFOYLE_S3_SECRET_ACCESS_KEY="pass",
    )
    media = made["STORAGES"]["media"]
    assert media["BACKEND"] == "storages.backends.s3.S3Storage"
    expected = {
        "bucket_name": "videos",
        "endpoint_url": "https://s3.example.com",
        "access_key": "ann",
        "secret_key": "pass",
        "location": "all/media",
        "default_acl": None,
        "file_overwrite": True,
    }
    assert {name: media["OPTIONS"][name] for name in expected} == expected


def test_a_settings_file_that_is_not_there_is_no_file_with_defaults(tmp_path: Path) -> None:
    error = load(tmp_path, "DEBUG", GILFOYLE_SETTINGS=str(tmp_path / "settings.yml"))["error"]
    assert "GILFOYLE_SETTINGS names a file that does not exist" in error


def test_a_wrong_setting_stops_the_start_with_its_name(tmp_path: Path) -> None:
    assert "GILFOYLE_PORT" in load(tmp_path, "DEBUG", GILFOYLE_PORT="eighty")["error"]


@pytest.mark.django_db
def test_models_and_migrations_agree() -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


@pytest.mark.django_db
def test_sqlite_is_set_up_for_several_processes() -> None:
    if connection.vendor != "sqlite":
        assert settings.DATABASES["default"]["CONN_HEALTH_CHECKS"]
        return
    with connection.cursor() as cursor:
        answers = {}
        for name in ("journal_mode", "foreign_keys", "secure_delete", "busy_timeout"):
            cursor.execute(f"PRAGMA {name}")
            answers[name] = cursor.fetchone()[0]
    assert answers == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 20_000,
    }
    assert settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
