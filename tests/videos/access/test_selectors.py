import pytest

from tests.factories import make_project, make_video
from videos.access.selectors import get_use

pytestmark = pytest.mark.django_db


def test_use_counts_a_projects_own_videos_and_their_bytes() -> None:
    project = make_project()
    assert get_use(project=project) == {"videos": 0, "stored_bytes": 0}
    make_video(project, stored_bytes=5)
    make_video(project, status="deleting", stored_bytes=7)
    make_video(make_project(), stored_bytes=100)
    assert get_use(project=project) == {"videos": 2, "stored_bytes": 12}
