"""Projects with limits, for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

from tests.factories import Account, make_account
from videos.access.quotas import Use, measure_use
from videos.access.services import set_key_limits, set_project_limits
from videos.models import ApiKey, Project

T = TypeVar("T")


def limited_account(*, of_key: dict[str, int | None] | None = None, **limits: int | None) -> Account:
    """Make a project, and a key of it, with these limits (`max_stored_bytes=…`)."""
    account = make_account()
    set_project_limits(project=account.project, limits=limits)
    set_key_limits(key=account.key, limits=of_key or {})
    account.project.refresh_from_db()
    account.key.refresh_from_db()
    return account


def use_of(account: Account) -> Use:
    return measure_use(Project.objects.filter(pk=account.project.pk))


def key_use_of(account: Account) -> Use:
    return measure_use(ApiKey.objects.filter(pk=account.key.pk))


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Make all calls at the same moment, each in a thread of its own."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], T]) -> T:
        try:
            barrier.wait(60)
            return call()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))
