from __future__ import annotations

from gilfoyle.lib.errors import GilfoyleError
from streaming import errors
from streaming.errors import (
    MediaNotFound,
    PlaybackForbidden,
    PlaybackRefused,
    TokenExpired,
    TokenInvalid,
    TokenNotYetValid,
    VideoNotReady,
    VideoRestricted,
)


def test_refusals_have_their_statuses():
    refusals = [
        TokenInvalid("x"),
        TokenExpired(),
        TokenNotYetValid(),
        VideoNotReady("x"),
        MediaNotFound("x"),
        VideoRestricted("x"),
        PlaybackForbidden("x"),
    ]
    assert [one.http_status for one in refusals] == [401, 401, 403, 404, 404, 403, 403]
    assert all(isinstance(one, PlaybackRefused) for one in refusals)


def test_codes_are_unique():
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    codes = [
        one.code for one in classes if issubclass(one, GilfoyleError) and one.__module__ == errors.__name__
    ]
    assert len(codes) == len(set(codes)) == 26


def test_reasons_stay_inside():
    error = TokenInvalid("signature")
    assert error.facts == {"reason": "signature"}
    assert "signature" not in error.message + error.hint
    assert TokenInvalid("key").message == error.message
