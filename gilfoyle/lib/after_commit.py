"""What follows a commit: done when the rows stand, and never able to undo or hide that they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec

from django.db import transaction

P = ParamSpec("P")


def after_commit(work: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `work` once this transaction is committed. Its failure is logged; the caller doesn't see it.

    A function of our own, not functools.partial: Django asks what has failed for its `__qualname__`, which a partial
    lacks, so that its failure would reach the caller as another one.
    """

    def run() -> None:
        work(*args, **kwargs)

    run.__qualname__ = getattr(work, "__qualname__", repr(work))
    transaction.on_commit(run, robust=True)
