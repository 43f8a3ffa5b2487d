"""What the audit tells of videos: what was done to one, and who of the staff looked at it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gilfoyle.lib.transactions import atomic
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.audit.services import record
from videos.catalog.models import Video


def note_deed(verb: str, video: Video, data: Mapping[str, Any] | None = None) -> None:
    """Record what was done to a video, in the transaction that does it. Titles and descriptions are no part of it."""
    if video.project_id not in INTERNAL_PROJECT_IDS:
        record(verb, object_type="video", object_id=video.pk, project_id=video.project_id, data=data)


@atomic
def note_view(video: Video, *, shows: str) -> None:
    """Record that somebody of the staff was shown something of a private video, before it is shown.

    `shows` is what: page, player, poster, storyboard, snippet, token, original.
    """
    note_deed("video.viewed", video, {"shows": shows})
