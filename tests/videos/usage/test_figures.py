from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import make_api_key, make_project, make_video
from tests.videos.usage.making import TODAY, put
from videos.uploads.models import Upload
from videos.usage.figures import Figures, Series, Target, floor_of, read_figures
from videos.usage.measures import BEGUN, REPORTS, SHOWN
from videos.usage.services import Counter, Counts, add_plays

pytestmark = pytest.mark.django_db


def of(figures: Figures, name: str) -> Series:
    return next(one for one in figures.series if one.measure.name == name)


def test_each_day_has_its_amount_and_is_judged(django_assert_num_queries: Any) -> None:
    project, other = make_project(), make_project()
    put(project, "uploads", *[10] * 57, 50)
    put(project, "refused", 9, *[0] * 30, 2, 3, code="not_found")
    put(project, "refused", 8, 0, code="scope_missing")
    put(project, "uploads", 7, of=("creator", "ann"))
    put(other, "uploads", 99)
    target = Target(project.pk, "project", project.pk)
    with django_assert_num_queries(3):
        figures = read_figures(target, last=TODAY, day_count=30)
    assert (figures.days[0], figures.days[-1], len(figures.days)) == (TODAY - timedelta(days=29), TODAY, 30)
    assert [one.measure for one in figures.series] == list(SHOWN)
    uploads = of(figures, "uploads")
    assert uploads.amounts == (*[10] * 29, 50)
    assert [one is not None for one in uploads.outliers] == [*[False] * 29, True]
    refused = of(figures, "refused")
    assert refused.amounts[-2:] == (10, 3)
    assert refused.codes == {"scope_missing": 8, "not_found": 5}  # what is older is no part of the sums
    assert of(figures, "reports").total == 0


def test_minutes_are_those_of_the_videos(django_assert_num_queries: Any) -> None:
    project = make_project()
    key, _ = make_api_key(project)
    ann, bob = make_video(project, creator_id="ann"), make_video(project, creator_id="bob")
    upload = Upload.objects.create(video=bob, project=project, api_key=key, lease_expires_at=timezone.now())
    Upload.objects.create(  # that became no source
        video=ann, project=project, api_key=key, lease_expires_at=timezone.now()
    )
    bob.source_upload_id = upload.pk
    bob.save()
    add_plays(
        {
            Counter(ann.pk, TODAY, project.pk): Counts(1, 600, 5000),
            Counter(bob.pk, TODAY, project.pk): Counts(1, 120),
            Counter("vid_gone", TODAY, project.pk): Counts(1, 60),
        }
    )
    for kind, name, minutes in (
        ("project", project.pk, 13),
        ("creator", "ann", 10),
        ("api_key", key.pk, 2),
        ("creator", "nobody", 0),
    ):
        with django_assert_num_queries(3 if kind == "project" else 2):
            figures = read_figures(Target(project.pk, kind, name), last=TODAY, day_count=30)
        assert of(figures, "minutes").amounts[-1] == minutes, kind
        assert of(figures, "bytes_out").amounts[-1] == (5000 if minutes >= 10 else 0), kind


def test_floors_are_those_of_the_settings() -> None:
    assert floor_of(REPORTS) == 5
    assert floor_of(BEGUN) == 0
