from __future__ import annotations

import pytest
from django.core.management import CommandError

from tests.factories import make_project, make_video
from videos.access.services import suspend_project
from videos.catalog.services import delete_video
from videos.management.importing import FileBar, find_project, follow, shown, total_bar

pytestmark = pytest.mark.django_db


def test_the_only_project_needs_no_name() -> None:
    with pytest.raises(CommandError, match="create_api_key"):
        find_project(None)
    shop = make_project("Shop")
    assert find_project(None) == shop == find_project(" Shop ")
    make_project("Other")
    with pytest.raises(CommandError, match=r"Name the project with --project\. There are: "):
        find_project(None)
    suspend_project(project=shop)
    with pytest.raises(CommandError, match="suspended"):
        find_project("Shop")


def test_a_video_that_is_gone_is_not_waited_for() -> None:
    video = make_video(status="processing")
    delete_video(video=video)
    assert follow(video) == "There is no such video."
    assert follow(make_video(status="ready")) == ""


def test_bars_end_each_other() -> None:
    with total_bar(None, is_off=True) as total:
        ended: list[int] = []
        with FileBar("a\udcff.mp4", 0, lambda: ended.append(1), is_off=True) as bar:
            bar.show_checked(5, 10)
            bar.show_checked(10, 10)
            bar.show_arrived(10, 10)
        assert ended == [1]
        total.update(1)


def test_a_terminal_is_given_nothing_to_obey() -> None:
    assert shown("Zoë\x1b[2J\n\u202e\udcff ★") == "Zoë\\x1b[2J\\n\\u202e\\udcff ★"
