"""The actor of imports: a message says that there are some; the rows say which."""

from __future__ import annotations

import dramatiq

from videos.imports.worker import run_next_import


@dramatiq.actor(max_retries=0)
def run_import() -> None:
    """Fetch what waits, the longest first, until there is no more or this process is at enough."""
    while run_next_import():
        pass
