"""Servers that some tests need. Where they are missing a laptop skips, and CI fails."""

from __future__ import annotations

import os

import pytest


def require_service(name: str, *, present: bool) -> None:
    """Skip the test when a service is missing; on CI (`CI=true`) fail it, so that nothing is skipped unseen."""
    if present:
        return
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(f"CI must provide {name}.", pytrace=False)
    pytest.skip(f"{name} is not there")


def service_url(name: str, variable: str) -> str:
    """Return the address of a service from `GILFOYLE_TEST_…`, or skip or fail as `require_service` does."""
    url = os.environ.get(variable, "")
    require_service(f"{name} ({variable})", present=bool(url))
    return url


def postgres_url() -> str:
    return service_url("PostgreSQL", "GILFOYLE_TEST_POSTGRES_URL")


def redis_url() -> str:
    return service_url("Redis", "GILFOYLE_TEST_REDIS_URL")


def amqp_url() -> str:
    return service_url("RabbitMQ", "GILFOYLE_TEST_AMQP_URL")
