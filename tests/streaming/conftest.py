"""Fixtures of playback: a stored video, tokens for it, and no fact kept from one test to the next."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from streaming import chapters, text_tracks
from streaming.admission import admission
from streaming.counting.counter import PlayCounter
from streaming.counting.seen import MemorySeen
from streaming.counting.segment_times import SegmentTimes
from streaming.player import known
from streaming.tokens.services import TokenLimits, TokenWish, mint_token
from tests.streaming.clip import store_video
from videos.catalog.models import Video

LIMITS = TokenLimits(3600, 12 * 3600)
Mint = Callable[..., str]


@pytest.fixture(autouse=True)
def _no_kept_facts() -> None:
    admission.forget()
    text_tracks.forget()
    chapters.forget()
    known.forget()


@pytest.fixture(autouse=True)
def counter(monkeypatch: pytest.MonkeyPatch) -> PlayCounter:
    """What counts plays in this process: nothing is written before the test says so."""
    counter = PlayCounter(seen=MemorySeen(), times=SegmentTimes())
    monkeypatch.setattr("streaming.manifests.views.get_counter", lambda: counter)
    return counter


@pytest.fixture
def video(db) -> Video:
    return store_video()


@pytest.fixture
def mint() -> Mint:
    """Returns a function that mints a token for a video as the API does; keyword arguments go into the wish."""

    def make(video: Video, *, now: datetime | None = None, **wish: object) -> str:
        return mint_token(
            project_id=video.project_id,
            video_id=video.pk,
            duration_s=video.duration_s,
            wish=TokenWish(**wish),  # type: ignore[arg-type]  # the tests name the wish's own fields
            limits=LIMITS,
            root_secret=django_settings.GILFOYLE_ROOT_SECRET,
            now=now or timezone.now(),
        ).text

    return make


def folder_of(video: Video, token: str, revision: str | None = None) -> str:
    return f"/play/{token}/{video.project_id}/{video.pk}/{revision or video.revision}/"


def forged(token: str) -> str:
    """Return the token with another signature."""
    head, signature = token.rsplit(".", 1)
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
