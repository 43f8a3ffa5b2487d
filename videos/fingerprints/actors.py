"""The actor of recognition: a message says that the library is to be searched; the rows say for what."""

from __future__ import annotations

import dramatiq

from gilfoyle.lib.queue import send
from videos.fingerprints.searching import search_library as search


@dramatiq.actor(max_retries=0)
def search_library() -> None:
    """Search for a while; then leave the rest to another message."""
    if search():
        send("search_library", queue="default")
