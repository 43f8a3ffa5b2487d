from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from tests.admin_pages import list_of
from tests.factories import make_project, make_video
from videos.access import holdings
from videos.access.holdings import is_counted, list_counted
from videos.access.models import Holding, Project
from videos.access.selectors import get_use

pytestmark = pytest.mark.django_db


def counted(project: Project, *, videos: int = 20_000, **fields: Any) -> Holding:
    given = {"status": "ready", "stored_bytes": 9_000_000, "counted_at": timezone.now()}
    return Holding.objects.create(project=project, videos=videos, **{**given, **fields})


def test_a_count_goes_for_a_while() -> None:
    row = counted(make_project())
    assert is_counted()
    assert [one.videos for one in list_counted() or ()] == [20_000]
    Holding.objects.filter(pk=row.pk).update(
        counted_at=timezone.now() - holdings.GOES_FOR - timedelta(seconds=1)
    )
    assert not is_counted()
    assert list_counted() is None


def test_what_a_large_project_uses_is_told_by_the_last_count() -> None:
    project = make_project()
    make_video(project, status="processing", stored_bytes=5)
    assert get_use(project=project)["videos"] == 1
    counted(project)
    counted(project, status="deleting", videos=1, stored_bytes=1_000_000)
    use = get_use(project=project)
    assert (use["videos"], use["stored_bytes"], use["deleting_bytes"]) == (20_001, 10_000_000, 1_000_000)
    assert (use["processing"], use["uploads"], use["uploading_bytes"]) == (1, 0, 0)


def test_a_small_project_is_counted_as_it_is_in_a_large_house_too() -> None:
    project = make_project()
    make_video(project, status="ready", stored_bytes=5)
    counted(project, videos=holdings.COUNTED_ANEW)
    assert list_counted(project_id=project.pk) is None
    assert (get_use(project=project)["videos"], get_use(project=project)["stored_bytes"]) == (1, 5)


def test_the_list_of_projects_goes_by_the_count(admin_client: Client) -> None:
    project, new = make_project(name="Large"), make_project(name="New")
    make_video(project, stored_bytes=5)
    assert ">1</a>" in admin_client.get(list_of("videos_project")).content.decode()
    counted(project)
    html = admin_client.get(list_of("videos_project")).content.decode()
    assert ">20000</a>" in html
    assert new.pk in html
    assert ">None</a>" not in html
