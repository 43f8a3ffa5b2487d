import pytest
from pydantic import ValidationError

from gilfoyle.lib.database_settings import DatabaseSettings


def test_sqlite_and_postgresql_s_own_isolation_by_default() -> None:
    settings = DatabaseSettings()
    assert settings.url.get_secret_value() == ""
    assert settings.isolation == "read_committed"
    assert settings.retry_s == 10
    assert settings.pool_size == 0
    assert settings.replica_url.get_secret_value() == ""
    limits = (settings.statement_timeout_s, settings.lock_timeout_s, settings.idle_timeout_s)
    assert limits == (30, 10, 60)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "mysql://ann@db/videos"},
        {"replica_url": "postgres://ann@db/videos"},
        {"isolation": "repeatable_read"},
        {"retry_s": -1},
        {"work_factor": 0.5},
    ],
)
def test_what_can_t_work_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        DatabaseSettings.model_validate(wrong)


def test_the_address_is_not_shown() -> None:
    url = "postgres://ann:hunter2@db/videos"
    assert "hunter2" not in repr(DatabaseSettings.model_validate({"url": url, "replica_url": url}))
