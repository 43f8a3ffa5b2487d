from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.http import QueryDict
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.factories import make_project, make_video
from videos.catalog.filters import VideoFilter
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, tzinfo=UTC)


def titles(query: str) -> set[str]:
    wanted = VideoFilter(QueryDict(query), queryset=Video.objects.all())
    assert wanted.is_valid(), wanted.errors
    return {video.title for video in wanted.qs}


def refused(query: str) -> set[str]:
    wanted = VideoFilter(QueryDict(query), queryset=Video.objects.all())
    return set() if wanted.is_valid() else set(wanted.errors)


@pytest.fixture
def videos() -> None:
    project = make_project()
    make_video(
        project, title="Party", description="50% off", external_id="e1", creator_id="c1", created_at=START
    )
    make_video(
        project,
        title="Talk",
        description="A party_talk",
        status="ready",
        creator_id="c2",
        created_at=START + timedelta(hours=1),
        metadata={"album": "2026", "n": 5, "ok": True, "deep": {"a": "b"}, "none": None, "2026": "yes"},
    )
    make_video(
        project,
        title="Walk",
        status="failed",
        creator_id="c2",
        created_at=START + timedelta(hours=2),
        metadata={"album": "2025", "n": 5.5, "ok": False, 'a"b': "quoted", "a.b": "dotted", "": "empty"},
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"Party", "Talk", "Walk"}),
        ("status=ready", {"Talk"}),
        ("status=ready&status=failed", {"Talk", "Walk"}),
        ("playable=true", {"Talk"}),
        ("playable=false", {"Party", "Walk"}),
        ("external_id=e1", {"Party"}),
        ("external_id=E1", set()),
        ("creator_id=c2&status=failed", {"Walk"}),
        ("text=PARTY", {"Party", "Talk"}),
        ("text=50%25", {"Party"}),
        ("text=y_t", {"Talk"}),
        ("text=%25", {"Party"}),
        ("created_after=2026-01-01T01:00:00Z", {"Talk", "Walk"}),
        ("created_before=2026-01-01T01:00:00Z", {"Party"}),
        ("created_after=2026-01-01T02:00:00%2B02:00&created_before=2026-01-01T01:00:01Z", {"Party", "Talk"}),
        ("metadata.album=2026", {"Talk"}),
        ("metadata.n=5", {"Talk"}),
        (f"metadata.n={'9' * 400}", set()),
        ("metadata.n=5.5", {"Walk"}),
        ("metadata.ok=true", {"Talk"}),
        ("metadata.ok=false&metadata.album=2025", {"Walk"}),
        ("metadata.ok=true&metadata.album=2025", set()),
        ("metadata.2026=yes", {"Talk"}),
        ("metadata.a%22b=quoted", {"Walk"}),
        ("metadata.a.b=dotted", {"Walk"}),
        ("metadata.=empty", {"Walk"}),
        ("metadata.none=null", set()),
        ("metadata.nothing=x", set()),
        ("something_else=x", {"Party", "Talk", "Walk"}),
    ],
)
def test_filters(videos: None, query: str, found: set[str]) -> None:
    assert titles(query) == found


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=asleep", "status"),
        ("status=ready&status=%00", "status"),
        ("created_after=yesterday", "created_after"),
        ("created_before=2026-13-01T00:00:00Z", "created_before"),
        ("created_after=0001-01-01T00:00:00%2B23:59", "created_after"),
        ("created_before=9999-12-31T23:59:59-23:59", "created_before"),
        ("creator_id=%00", "creator_id"),
        ("external_id=a%00", "external_id"),
        ("text=%00", "text"),
        ("metadata.a=%00", "__all__"),
        ("metadata.%00=a", "__all__"),
    ],
)
def test_values_that_make_no_sense_are_refused(query: str, field: str) -> None:
    assert refused(query) == {field}


keys = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6)


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    key=keys | st.sampled_from(['"', "\\", '\\"', "$", "[0]", "0", "-1", "%s", "%", "#", "a'b", "{}", "?"]),
    value=keys,
)
def test_any_key_of_metadata_can_be_asked_for(key: str, value: str) -> None:
    video = make_video(title="found", metadata={key: value, key + "x": value + "x"})
    assert titles(f"metadata.{quote(key)}={quote(value)}") == {"found"}
    assert titles(f"metadata.{quote(key)}={quote(value + 'x')}") == set()
    Video.objects.filter(project=video.project).delete()
