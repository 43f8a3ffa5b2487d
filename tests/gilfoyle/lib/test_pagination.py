from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from gilfoyle.lib.pagination import NewestFirst
from tests.factories import make_project, make_video
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)


def get_page(query: str = "") -> tuple[list[str], str | None]:
    paginator = NewestFirst()
    request = Request(APIRequestFactory().get(f"/videos?{query}"))
    page = paginator.paginate_queryset(Video.objects.all(), request) or []
    link = paginator.get_next_link()
    return [video.pk for video in page], link.partition("?")[2] if link else None


def read_on(query: str | None) -> list[str]:
    found: list[str] = []
    while query is not None:
        ids, query = get_page(query)
        found += ids
    return found


@pytest.mark.parametrize("spacing_s", [1, 0])
def test_every_row_comes_once_newest_first_also_where_times_are_equal(spacing_s: int) -> None:
    project = make_project()
    videos = [make_video(project, created_at=START + timedelta(seconds=at * spacing_s)) for at in range(23)]
    newest_first = sorted(videos, key=lambda video: (video.created_at, video.pk), reverse=True)
    assert read_on("page_size=5") == [video.pk for video in newest_first]


def test_rows_added_meanwhile_move_nothing() -> None:
    project = make_project()
    videos = [make_video(project, created_at=START + timedelta(seconds=at)) for at in range(10)]
    first, query = get_page("page_size=3")
    for at in range(5):
        make_video(project, created_at=START + timedelta(days=1, seconds=at))
    assert first + read_on(query) == [video.pk for video in reversed(videos)]


@pytest.mark.parametrize(
    ("asked", "given_out"), [("", 25), ("page_size=101", 100), ("page_size=0", 25), ("page_size=x", 25)]
)
def test_page_size_has_a_default_and_a_limit(asked: str, given_out: int) -> None:
    project = make_project()
    Video.objects.bulk_create([Video(project=project) for _ in range(120)])
    assert len(get_page(asked)[0]) == given_out


def encode(**parts: str) -> str:
    return urlencode({"cursor": b64encode(urlencode(parts).encode()).decode()})


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x",
        "cursor=%C3%A9",
        encode(p="yesterday"),
        encode(p="\0"),
        encode(p="0001-01-01T00:00:00+23:59"),
        encode(p="9999-12-31T23:59:59-23:59"),
        encode(o="x"),
    ],
)
def test_a_cursor_that_nobody_gave_out_is_refused(query: str) -> None:
    with pytest.raises(ValidationError) as caught:
        get_page(query)
    assert "cursor" in caught.value.get_full_details()


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    raw=st.one_of(
        st.binary(max_size=40),
        st.text(max_size=20).map(lambda text: urlencode({"p": text, "o": "1"}).encode()),
    )
)
def test_no_cursor_breaks_anything(raw: bytes) -> None:
    with suppress(ValidationError):
        get_page(urlencode({"cursor": b64encode(raw).decode()}))
