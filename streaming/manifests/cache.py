"""Rendered manifests, kept by revision and by what they show; the same text serves every viewer."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from streaming.bounded_cache import BoundedCache
from streaming.manifests.presentation import Presentation, load_presentation
from streaming.presigning import Validity
from streaming.tokens.claims import Clip

GROWING_AGE_S = 1.0
WHOLE_AGE_S = 30.0  # what is added to a whole revision later (a rendition, say) shows after this

_presentations: BoundedCache[tuple[str, str], Presentation] = BoundedCache(64)
_rendered: BoundedCache[Hashable, str] = BoundedCache(256)


@dataclass(frozen=True, slots=True)
class ManifestName:
    """Which manifest: of a revision, by file name, for viewers up to a height in pixels, of a clip or of all.

    `validity` is that of the signed addresses which stand inside, where there are any.
    """

    video_id: str
    revision: str
    file: str
    max_height: int | None
    validity: Validity | None = None
    clip: Clip | None = None


def get_presentation(video_id: str, revision: str) -> Presentation:
    """Return what can be played of a revision, at most a second old while it grows."""
    return _presentations.get_or_load(
        (video_id, revision), lambda: load_presentation(video_id, revision), _age_s
    )


def _age_s(presentation: Presentation) -> float:
    # A further codec that goes on growing for hours is told to nobody yet, and keeps nothing young.
    shown = presentation.for_newcomers()
    has_any = bool(shown.video or shown.audio)
    is_settled = has_any and shown.is_complete and not any(one.is_stopgap for one in shown.video)
    return WHOLE_AGE_S if is_settled else GROWING_AGE_S


def forget() -> None:
    """Drop everything that is kept, for example after a change that must be seen at once."""
    _presentations.clear()
    _rendered.clear()


def get_rendered(name: ManifestName, presentation: Presentation, render: Callable[[], str]) -> str:
    """Return the manifest's text, rendered at most once for each state of the presentation."""
    return _rendered.get_or_load((name, presentation.fingerprint), render, float("inf"))
