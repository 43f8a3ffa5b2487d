from __future__ import annotations

import pytest

from tests.factories import make_video
from videos.tracks.models import TextTrack
from videos.tracks.serializers import EXAMPLE, TextTrackInputSerializer, TextTrackSerializer


@pytest.mark.django_db
def test_a_track_shows_the_fields_of_its_example() -> None:
    facts = {"kind": "captions", "language": "de", "label": "Deutsch", "cue_count": 412, "size_bytes": 31877}
    track = TextTrack.objects.create(video=make_video(), source="uploaded", **facts)
    shown = TextTrackSerializer(track).data
    assert list(shown) == list(EXAMPLE)
    assert shown["id"] == track.pk
    assert {name: shown[name] for name in facts} == facts


def test_what_is_left_out_has_a_default() -> None:
    given = TextTrackInputSerializer(data={"language": "ger", "text": "WEBVTT\n"})
    assert given.is_valid(), given.errors
    assert given.validated_data == {
        "text": "WEBVTT\n",
        "language": "de",
        "kind": "subtitles",
        "is_default": False,
        "is_forced": False,
    }


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"text": "x"}, "language"),
        ({"text": "x", "language": "germanish"}, "language"),
        ({"language": "de"}, "file"),
        ({"language": "de", "text": "x", "kind": "chapters"}, "kind"),
        ({"language": "de", "text": "x", "colour": "red"}, "colour"),
        ({"language": "de", "text": "x", "label": "l" * 101}, "label"),
        ({"language": "de", "text": "a\0b"}, "text"),
    ],
)
def test_what_is_wrong_is_named(data, field) -> None:
    given = TextTrackInputSerializer(data=data)
    assert not given.is_valid()
    assert set(given.errors) == {field}
