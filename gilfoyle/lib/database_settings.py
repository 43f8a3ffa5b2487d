"""The section of settings.yaml about where the rows are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, model_validator

from gilfoyle.lib.settings_section import Section

POSTGRESQL = ("postgres://", "postgresql://")
COCKROACHDB = "cockroachdb://"


def _database_address(secret: SecretStr) -> SecretStr:
    if secret.get_secret_value() and not secret.get_secret_value().startswith((*POSTGRESQL, COCKROACHDB)):
        msg = "must begin with postgres:// or cockroachdb://, or be empty for SQLite"
        raise ValueError(msg)
    return secret


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_address)]


class DatabaseSettings(Section):
    url: DatabaseUrl = Field(
        SecretStr(""), description="postgres://… or cockroachdb://… ; empty: SQLite in the data folder."
    )
    replica_url: DatabaseUrl = Field(
        SecretStr(""), description="A copy that is read where a little lateness does no harm; empty: none."
    )
    pool_size: int = Field(
        0, ge=0, le=1000, description="Connections that a process shares; 0: one for each thread."
    )
    isolation: Literal["read_committed", "serializable"] = Field(
        "read_committed", description="Isolation of PostgreSQL's transactions."
    )
    retry_s: float = Field(
        10, ge=0, le=300, description="For so long a transaction that lost a race is done again."
    )
    statement_timeout_s: float = Field(
        30, ge=0, le=86400, description="The longest statement of a request; 0: no limit."
    )
    lock_timeout_s: float = Field(
        10, ge=0, le=86400, description="The longest wait of a request for a lock; 0: no limit."
    )
    idle_timeout_s: float = Field(
        60, ge=0, le=86400, description="The longest silence inside a transaction; 0: no limit."
    )
    work_factor: float = Field(
        10, ge=1, le=1000, description="Workers and the scheduler wait so many times as long."
    )

    @model_validator(mode="after")
    def _a_copy_is_of_something(self) -> DatabaseSettings:
        if self.replica_url.get_secret_value() and not self.url.get_secret_value():
            msg = "replica_url needs url: SQLite has no copies"
            raise ValueError(msg)
        return self
