"""What follows a commit."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction

from gilfoyle.lib.after_commit import after_commit
from gilfoyle.lib.storage_faults import StorageFault

ROOT = Path(__file__).parents[3]


@pytest.mark.django_db(transaction=True)
def test_it_is_done_after_the_commit_with_what_it_was_given() -> None:
    done: list[str] = []
    with transaction.atomic():
        for name in ("one", "two"):
            after_commit(done.append, name)
        assert done == []
    assert done == ["one", "two"]


@pytest.mark.django_db(transaction=True)
def test_nothing_is_done_where_the_rows_do_not_stand() -> None:
    done: list[str] = []
    with transaction.atomic():
        after_commit(done.append, "one")
        transaction.set_rollback(True)
    assert done == []


@pytest.mark.django_db(transaction=True)
def test_a_failure_is_logged_and_holds_up_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    def forget_bytes() -> None:
        raise StorageFault("The store is away.")

    with transaction.atomic():
        after_commit(forget_bytes)
        after_commit(done.append, "next")
    assert done == ["next"]
    assert "forget_bytes" in caplog.text


def test_no_work_after_a_commit_is_a_partial() -> None:
    """Django can't log the failure of one: its caller would see an AttributeError in place of nothing."""
    sources = [
        path
        for app in ("gilfoyle", "videos", "processing", "streaming")
        for path in (ROOT / app).rglob("*.py")
    ]
    assert [str(path) for path in sources if "on_commit(partial(" in path.read_text()] == []
