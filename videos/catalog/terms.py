"""On which terms a video may be played: what all its active restrictions come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from videos.catalog.states import RESTRICTIONS


@dataclass(frozen=True, slots=True)
class PlaybackTerms:
    """`level`: one of RESTRICTIONS. The others bind viewers of a video that plays."""

    level: str = "none"
    needs_age: bool = False  # a token must say that its viewer is old enough
    embedding_off: bool = False  # no other site's page shows it
    blocked_countries: tuple[str, ...] = ()  # two letters each, in order; a token must name another one

    def __or__(self, other: PlaybackTerms) -> PlaybackTerms:
        """Return what both come to: of each the stricter."""
        return PlaybackTerms(
            level=max(self.level, other.level, key=RESTRICTIONS.index),
            needs_age=self.needs_age or other.needs_age,
            embedding_off=self.embedding_off or other.embedding_off,
            blocked_countries=tuple(sorted({*self.blocked_countries, *other.blocked_countries})),
        )


FREE = PlaybackTerms()


def strictest(all_terms: Iterable[PlaybackTerms]) -> PlaybackTerms:
    """Return what some restrictions come to together; none of them: free."""
    found = FREE
    for one in all_terms:
        found |= one
    return found
