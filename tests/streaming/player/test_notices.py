from __future__ import annotations

import typing
from pathlib import Path

import pytest

from gilfoyle.lib.errors import NotFound
from streaming.errors import (
    MediaNotFound,
    PlaybackForbidden,
    PlaybackUnavailable,
    TokenExpired,
    TokenInvalid,
    TokenNotYetValid,
    VideoNotReady,
    VideoRestricted,
)
from streaming.player.notices import NOTICES, StateName, state_of

STATIC = Path(__file__).parents[3] / "streaming"


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (TokenExpired(), "expired"),
        (TokenNotYetValid(), "early"),
        (TokenInvalid("signature"), "invalid"),
        (VideoRestricted("held"), "restricted"),
        (PlaybackForbidden("scope"), "restricted"),
        (MediaNotFound("revision"), "missing"),
        (VideoNotReady("unknown"), "missing"),
        (VideoNotReady("deleting"), "missing"),
        (VideoNotReady("failed"), "failed"),
        *((VideoNotReady(status), "processing") for status in ("awaiting_upload", "uploading", "processing")),
        (PlaybackUnavailable("broken"), "unavailable"),
        (NotFound("x"), "unavailable"),
    ],
)
def test_each_refusal_has_its_state(error, state):
    assert state_of(error) == state


def test_each_state_has_its_own_words_and_sign():
    states = set(typing.get_args(StateName)) - {"playable"}
    assert {one.name for one in NOTICES} == states
    assert len({one.title for one in NOTICES}) == len(states)
    signs = (STATIC / "templates/streaming/player/signs.html").read_text()
    assert all(f'id="sign-{state}"' in signs for state in states - {"processing"})
