from __future__ import annotations

from typing import get_args

from gilfoyle.lib.config import Container
from videos.uploads.serializers import EXAMPLE, UploadGrantInputSerializer, UploadGrantSerializer


def test_the_example_is_what_is_shown() -> None:
    assert list(UploadGrantSerializer(EXAMPLE).data) == list(EXAMPLE)


def test_origins_are_kept_in_one_spelling_or_are_any() -> None:
    given = UploadGrantInputSerializer(
        data={"allowed_origins": ["https://WWW.example.org/", "*"]}, context={"max_ttl_s": 60}
    )
    assert given.is_valid()
    assert given.validated_data["allowed_origins"] == ["https://www.example.org", "*"]


def test_all_containers_may_be_named() -> None:
    given = UploadGrantInputSerializer(data={"containers": list(get_args(Container))})
    assert given.is_valid()
