from __future__ import annotations

import pytest

from streaming.tokens.serializers import (
    EXAMPLE,
    EXAMPLE_TRACK,
    PlaybackInputSerializer,
    PlaybackSerializer,
    PlaybackTrackSerializer,
)


def check(**given):
    serializer = PlaybackInputSerializer(data=given, context={"max_ttl_s": 43_200})
    return serializer.validated_data if serializer.is_valid() else set(serializer.errors)


def test_everything_may_be_left_out():
    assert check() == {}


def test_origins_are_kept_in_one_spelling():
    assert check(allowed_origins=["https://A.example:443/"]) == {"allowed_origins": ["https://a.example"]}


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
        ({"allowed_origin": "https://a.example"}, {"allowed_origin"}),
    ],
)
def test_wrong_wishes_are_refused(given, wrong):
    assert check(**given) == wrong


def test_the_longest_life_is_allowed():
    assert check(ttl_s=43_200) == {"ttl_s": 43_200}


def test_the_example_has_the_fields_that_are_answered():
    assert set(EXAMPLE) == set(PlaybackSerializer().fields)
    assert set(EXAMPLE_TRACK) == set(PlaybackTrackSerializer().fields)
