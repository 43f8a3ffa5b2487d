import pytest
from django.conf import settings

from tests.factories import make_project, make_video
from tests.limited import limited_account
from videos.access.limits import OF_KEYS, Limits
from videos.access.quotas import charge_minutes
from videos.access.selectors import describe_limits, find_only_project_id, get_key_use, get_use

pytestmark = pytest.mark.django_db


def test_use_counts_a_projects_own_videos_and_their_bytes() -> None:
    project = make_project()
    nothing = {"stored_bytes": 0, "deleting_bytes": 0, "uploading_bytes": 0, "uploads": 0}
    assert get_use(project=project) == {"videos": 0, **nothing, "processing": 0, "minutes_this_month": 0}
    make_video(project, stored_bytes=5)
    make_video(project, status="deleting", stored_bytes=7)
    make_video(make_project(), stored_bytes=100)
    make_video(project, status="processing")
    charge_minutes(project_id=project.pk, duration_s=75, config=settings.GILFOYLE)
    use = get_use(project=project)
    assert (use["videos"], use["stored_bytes"], use["deleting_bytes"]) == (3, 12, 7)
    assert (use["processing"], use["minutes_this_month"]) == (1, 1.25)


def test_a_keys_use_is_its_own() -> None:
    account = limited_account()
    make_video(account.project, stored_bytes=5)
    assert get_key_use(key=account.key) == {"stored_bytes": 0, "uploading_bytes": 0, "uploads": 0}


def test_limits_are_told_by_the_names_of_the_api() -> None:
    limits = Limits(max_stored_bytes=5)
    assert describe_limits(limits, OF_KEYS) == {
        "stored_bytes": 5,
        "uploads_at_once": None,
        "requests_a_minute": None,
    }
    assert set(describe_limits(limits)) > {"minutes_a_month", "encodes_at_once"}


def test_the_only_project_needs_no_choice() -> None:
    assert find_only_project_id() is None
    project = make_project()
    assert find_only_project_id() == project.pk
    make_project()
    assert find_only_project_id() is None
