"""Things that happen at the same time, on real threads with database connections of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection


def run_at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run all calls at once; return what each returned, or the exception that it raised, in their order."""
    barrier, outcomes = threading.Barrier(len(calls)), [None] * len(calls)

    def run(position: int) -> None:
        try:
            barrier.wait()
            outcomes[position] = calls[position]()
        except Exception as error:  # noqa: BLE001 - the test judges it
            outcomes[position] = error  # type: ignore[call-overload]  # any outcome
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(position,)) for position in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return outcomes
