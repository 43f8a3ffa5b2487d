import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.factories import make_rendition, make_video
from videos.catalog.selectors import list_playable_renditions
from videos.catalog.serializers import (
    EXAMPLE,
    MAX_METADATA_BYTES,
    MAX_METADATA_DEPTH,
    RenditionSerializer,
    VideoInputSerializer,
    VideoSerializer,
)
from videos.segment_index import SegmentRun


def nested(depth: int) -> dict[str, Any]:
    value: Any = "x"
    for _ in range(depth):
        value = {"a": value}
    return {"metadata": value}


def errors_of(data: dict[str, Any]) -> set[str]:
    serializer = VideoInputSerializer(data=data)
    return set() if serializer.is_valid() else set(serializer.errors)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"title": "", "description": "", "external_id": "", "creator_id": "", "metadata": {}},
        {"title": "x" * 255, "description": "x" * 5000, "external_id": "x" * 255, "creator_id": "🎬" * 255},
        {"metadata": {"": None, "a.b": [1, 2.5, True, {"deep": None}], "é": "🎬"}},
        {"metadata": {"k": "x" * (MAX_METADATA_BYTES - 9)}},
        nested(MAX_METADATA_DEPTH),
    ],
)
def test_what_a_consumer_may_say(data: dict[str, Any]) -> None:
    serializer = VideoInputSerializer(data=data)
    assert serializer.is_valid(), serializer.errors
    assert dict(serializer.validated_data) == data


@pytest.mark.parametrize("field", ["title", "description", "external_id", "creator_id"])
@pytest.mark.parametrize("value", ["\0", "a\0b", "\ud800", "x" * 5001, None, ["x"], {"x": 1}, True])
def test_texts_that_no_database_keeps_are_refused(field: str, value: Any) -> None:
    assert errors_of({field: value}) == {field}


@pytest.mark.parametrize(
    "value",
    [
        None,
        "x",
        [1],
        {"a": "\0"},
        {"\0": "a"},
        {"a": [{"b": "c\0"}]},
        {"a": "\ud800"},
        {"\udfff": 1},
        {"a": float("inf")},
        {"a": [float("nan")]},
        {"k": "x" * (MAX_METADATA_BYTES - 8)},
        nested(MAX_METADATA_DEPTH + 1)["metadata"],
        {"a": [[[[]]] * 3] * 3, "b": nested(900)},
    ],
)
def test_metadata_that_no_database_keeps_is_refused(value: Any) -> None:
    assert errors_of({"metadata": value}) == {"metadata"}


def test_what_is_not_known_is_refused_by_name() -> None:
    assert errors_of({"title": "x", "status": "ready", "tags": []}) == {"status", "tags"}
    assert errors_of(
        dict.fromkeys(
            set(EXAMPLE) - {"title", "description", "metadata", "external_id", "creator_id", "poster_at_s"},
            "x",
        )
    )


@given(
    st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
            ),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_metadata_that_is_accepted_survives_json(value: dict[str, Any]) -> None:
    serializer = VideoInputSerializer(data={"metadata": value})
    if serializer.is_valid():
        kept = json.loads(json.dumps(serializer.validated_data["metadata"], allow_nan=False))
        assert kept == value
        assert "\\u0000" not in json.dumps(kept)


@pytest.mark.django_db
def test_a_video_is_shown_with_the_members_of_the_example() -> None:
    video = make_video(status="failed", failure_code="source_empty", failure_message="It is empty.")
    shown = VideoSerializer(video).data
    assert list(shown) == list(EXAMPLE)
    assert shown["failure"] == {"code": "source_empty", "message": "It is empty."}
    video.status = "uploading"  # another source is on its way; the row still knows why the last one failed
    assert VideoSerializer(video).data["failure"] is None
    assert VideoSerializer(make_video()).data["failure"] is None
    assert shown["source_cleaning"] is None
    cleaned = make_video(source_cleaning=EXAMPLE["source_cleaning"])
    assert VideoSerializer(cleaned).data["source_cleaning"] == EXAMPLE["source_cleaning"]


@pytest.mark.django_db
def test_a_rendition_is_shown_with_its_segments_so_far() -> None:
    video = make_video()
    make_rendition(
        video, "v360", frame_rate="30000/1001", runs=[SegmentRun(0, 0, (12800, 12800), (500, 700))]
    )
    make_rendition(video, "a0")
    picture, sound = RenditionSerializer(list_playable_renditions(video.pk, video.revision), many=True).data
    assert picture == {
        "name": "v360",
        "kind": "video",
        "codec": "avc1.64001e",
        "width": 640,
        "height": 360,
        "frame_rate": "30000/1001",
        "channels": None,
        "language": "",
        "role": "main",
        "is_complete": False,
        "segments": 2,
        "size_bytes": 1200,
        "average_bitrate_bps": 4800,
        "is_stopgap": False,
        "quality": {"ssim_lowest": None, "ssim_mean": None},
        "withheld_reason": "",
        "is_encrypted": False,
    }
    assert (sound["kind"], sound["width"], sound["frame_rate"], sound["segments"]) == ("audio", None, "", 0)


@pytest.mark.parametrize("value", [-1, "soon", "nan", "inf", 1e999, [1], {}])
def test_a_poster_has_a_time_or_none(value: object) -> None:
    assert not VideoInputSerializer(data={"poster_at_s": value}).is_valid()
    for good in (None, 0, 12.5, "3"):
        assert VideoInputSerializer(data={"poster_at_s": good}).is_valid()
