from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from streaming.tokens.claims import Clip, Scope
from streaming.tokens.serializers import (
    EXAMPLE,
    EXAMPLE_TRACK,
    PlaybackInputSerializer,
    PlaybackSerializer,
    PlaybackTrackSerializer,
)
from streaming.tokens.services import TokenLimits, TokenWish

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)
NOW_S = int(NOW.timestamp())


def check(**given):
    context = {"limits": TokenLimits(3600, 43_200, 86_400), "now": NOW}
    serializer = PlaybackInputSerializer(data=given, context=context)
    return serializer.wish() if serializer.is_valid() else set(serializer.errors)


def after(**time):
    return (NOW + timedelta(**time)).isoformat()


def test_everything_may_be_left_out():
    assert check() == TokenWish()


def test_origins_are_kept_in_one_spelling():
    wish = check(allowed_origins=["https://A.example:443/", "https://a.example"])
    assert wish == TokenWish(origins=("https://a.example",))


def test_all_that_can_be_wished():
    wish = check(
        ttl_s=60,
        max_height=720,
        allow=["text", "media"],
        not_before=after(seconds=30),
        session_ttl_s=3600,
        group="team-7",
    )
    opened = Scope.PLAY | Scope.KEY | Scope.CAPTIONS
    assert wish == TokenWish(60, 720, (), opened, NOW_S + 30, 3600, "team-7")


def test_a_beginning_that_has_passed_is_none():
    assert check(not_before=after(seconds=0)) == check(not_before=after(days=-9)) == TokenWish()
    assert check(not_before=after(milliseconds=1)).not_before_s == NOW_S + 1


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"ttl_s": 0}, {"ttl_s"}),
        ({"ttl_s": 43_201}, {"ttl_s"}),
        ({"ttl_s": "soon"}, {"ttl_s"}),
        ({"max_height": 0}, {"max_height"}),
        ({"max_height": 65_536}, {"max_height"}),
        ({"allowed_origins": []}, {"allowed_origins"}),
        ({"allowed_origins": ["https://a.example/path"]}, {"allowed_origins"}),
        ({"allowed_origins": ["*"]}, {"allowed_origins"}),
        ({"allowed_origins": ["https://a.example"] * 9}, {"allowed_origins"}),
        ({"allow": []}, {"allow"}),
        ({"allow": ["original"]}, {"allow"}),
        ({"allow": ["review"]}, {"allow"}),
        ({"group": ""}, {"group"}),
        ({"group": "x" * 201}, {"group"}),
        ({"session_ttl_s": 0}, {"session_ttl_s"}),
        ({"session_ttl_s": 86_401}, {"session_ttl_s"}),
        ({"session_ttl_s": 59, "ttl_s": 60}, {"session_ttl_s"}),
        ({"not_before": "soon"}, {"not_before"}),
        ({"not_before": after(seconds=60), "ttl_s": 60}, {"not_before"}),
        ({"not_before": after(seconds=59, milliseconds=1), "ttl_s": 60}, {"not_before"}),
        ({"not_before": after(hours=12)}, {"not_before"}),
        ({"not_before": after(seconds=600), "session_ttl_s": 600}, {"not_before"}),
        ({"nonce": "x"}, {"nonce"}),
        ({"allowed_origin": "https://a.example"}, {"allowed_origin"}),
    ],
)
def test_wrong_wishes_are_refused(given, wrong):
    assert check(**given) == wrong


def test_the_longest_life_is_allowed():
    assert check(ttl_s=43_200) == TokenWish(43_200)
    assert check(not_before=after(hours=12, seconds=-1)).not_before_s == NOW_S + 43_199


def test_the_example_has_the_fields_that_are_answered():
    assert set(EXAMPLE) == set(PlaybackSerializer().fields)
    assert set(EXAMPLE_TRACK) == set(PlaybackTrackSerializer().fields)


def check_clip(start_s, end_s, duration_s=60.04):
    context = {"limits": TokenLimits(3600, 43_200, 86_400), "now": NOW, "duration_s": duration_s}
    serializer = PlaybackInputSerializer(data={"clip": {"start_s": start_s, "end_s": end_s}}, context=context)
    return serializer.wish().clip if serializer.is_valid() else set(serializer.errors["clip"])


@pytest.mark.parametrize(
    ("start_s", "end_s", "clip"),
    [
        (0, 60.04, Clip(0, 60_040)),
        (1.5, 61 / 3, Clip(1500, 20_333)),
        ("1.5", "2", Clip(1500, 2000)),
        (0.0014, 0.0015, Clip(1, 2)),
    ],
)
def test_a_clip_is_kept_to_the_thousandth(start_s, end_s, clip):
    assert check_clip(start_s, end_s) == clip


def test_a_clip_of_a_video_whose_length_is_not_known_yet():
    assert check_clip(3600, 7200, duration_s=None) == Clip(3_600_000, 7_200_000)


@pytest.mark.parametrize(
    ("start_s", "end_s", "wrong"),
    [
        (2, 1, "end_s"),
        (2, 2, "end_s"),
        (2, 2.0001, "end_s"),
        (-1, 2, "start_s"),
        (0, 60.042, "end_s"),
        (60.04, 60.05, "start_s"),
        (70, 80, "start_s"),
        ("nan", 2, "start_s"),
        (0, "nan", "end_s"),
        (0, "inf", "end_s"),
        ("-inf", 2, "start_s"),
        (0, 4_294_968, "end_s"),
        (0, "soon", "end_s"),
        (None, 2, "start_s"),
        (0, [2], "end_s"),
    ],
)
def test_what_is_no_clip_of_the_video_is_refused(start_s, end_s, wrong):
    assert check_clip(start_s, end_s) == {wrong}


def test_a_clip_has_two_ends_and_nothing_else():
    context = {"limits": TokenLimits(3600, 43_200, 86_400), "now": NOW}
    for given in ({"start_s": 1}, {"end_s": 1}, {"start_s": 0, "end_s": 1, "end": 2}, [0, 1], "0-1", 5, None):
        assert not PlaybackInputSerializer(data={"clip": given}, context=context).is_valid()
