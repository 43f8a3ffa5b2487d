"""What a source told, and no longer tells, in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KIND_WORDS: Mapping[str, str] = {
    "location": "location",
    "device": "device",
    "dates": "dates",
    "names": "titles and names",
    "software": "software",
    "other_tags": "other tags",
    "chapters": "chapters",
    "pictures": "covers",
    "positions": "subtitles that tell positions",
    "data_tracks": "data tracks",
    "attachments": "attached files",
    "camera_notes": "notes in the picture's stream",
    "hidden_boxes": "hidden data",
}


def cleaning_in_words(report: Mapping[str, Any]) -> str:
    """Return a report in a sentence or two; nothing where there is none."""
    if not report:
        return ""
    if report.get("outcome") == "cleaned":
        removed = _counted(report.get("removed", {}))
        return f"Removed from the source: {removed}." if removed else "The source told nothing."
    left = _counted(report.get("left", {}))
    return f"{report.get('reason', '')} {f'It tells: {left}.' if left else ''}".strip()


def _counted(kinds: Mapping[str, int]) -> str:
    # In our own order: PostgreSQL keeps that of no object.
    order = [*(kind for kind in KIND_WORDS if kind in kinds), *sorted(set(kinds) - set(KIND_WORDS))]
    return ", ".join(f"{KIND_WORDS.get(kind, kind)} ({kinds[kind]})" for kind in order)
