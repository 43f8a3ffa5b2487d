from __future__ import annotations

from typing import Any

import pytest

from videos.chapters.chapter import Chapter
from videos.chapters.serializers import CHAPTERS, ChaptersInputSerializer, describe


def read(chapters: Any, **more: Any) -> ChaptersInputSerializer:
    return ChaptersInputSerializer(data={"chapters": chapters, **more}, context={"duration_s": 100.0})


def test_chapters_come_in_order_and_to_the_millisecond() -> None:
    given = read([{"start_s": 93.5004, "title": " Second\n"}, {"start_s": 0, "title": "First"}])
    assert given.is_valid(), given.errors
    chapters = given.validated_data["chapters"]
    assert chapters == [Chapter(0, "First"), Chapter(93_500, "Second")]
    told = [{"start_s": 0.0, "title": "First"}, {"start_s": 93.5, "title": "Second"}]
    assert describe(chapters, are_from_source=True) == {"chapters": told, "are_from_source": True}
    assert read(CHAPTERS).is_valid()
    assert read([]).is_valid()


@pytest.mark.parametrize(
    "chapters",
    [
        None,
        "x",
        {},
        [1],
        [{}],
        [{"start_s": 1}],
        [{"title": "x"}],
        [{"start_s": -0.001, "title": "x"}],
        [{"start_s": 100, "title": "x"}],
        [{"start_s": 1e300, "title": "x"}],
        [{"start_s": float("nan"), "title": "x"}],
        [{"start_s": float("inf"), "title": "x"}],
        [{"start_s": "one", "title": "x"}],
        [{"start_s": 1, "title": "\u200b"}],
        [{"start_s": 1, "title": ""}],
        [{"start_s": 1, "title": None}],
        [{"start_s": 1, "title": "x" * 201}],
        [{"start_s": 1, "title": "x"}, {"start_s": 1.0001, "title": "y"}],
        [{"start_s": at / 10, "title": "x"} for at in range(501)],
    ],
)
def test_what_is_no_list_of_chapters_is_refused(chapters: Any) -> None:
    assert not read(chapters).is_valid()


def test_fields_that_nobody_knows_are_named() -> None:
    given = read([], chapter=[])
    assert not given.is_valid()
    assert "chapter" in given.errors
