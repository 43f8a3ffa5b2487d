"""What the player's answers need beside the gate's facts, kept for a second: each viewer asks every other second."""

from __future__ import annotations

from streaming.bounded_cache import BoundedCache
from videos.catalog.selectors import ViewerFacts, get_viewer_facts

FACTS_AGE_S = 1.0
MAX_VIDEOS = 5_000

_facts: BoundedCache[str, ViewerFacts] = BoundedCache(MAX_VIDEOS)


def get_facts(video_id: str) -> ViewerFacts:
    """Return what viewers may know of a video."""
    return _facts.get_or_load(video_id, lambda: get_viewer_facts(video_id), FACTS_AGE_S)


def forget() -> None:
    """Drop everything that is kept, for example after a change that must be seen at once."""
    _facts.clear()
