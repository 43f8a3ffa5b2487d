import json
from datetime import date

import pytest
from django.core.management.base import CommandError

from tests.videos.management.operating import run
from videos.access.models import Project
from videos.usage.models import DailyPlays

pytestmark = pytest.mark.django_db


def test_it_tells_by_project() -> None:
    project = Project.objects.create(name="Films \x1b[2J")
    DailyPlays.objects.create(project=project, video_id="v", day=date(2026, 11, 5), plays=1234, watched_s=60)
    days = ("--since", "2026-11-01", "--until", "2026-11-30")
    out = run("usage", *days)[1]
    assert "2026-11-01 to 2026-11-30" in out
    assert "1,234" in out
    assert "\x1b" not in out, "what a terminal would obey"
    told = json.loads(run("usage", *days, "--project", project.pk, "--json")[1])
    assert told["projects"][0]["plays"] == 1234
    assert told["projects"][0]["minutes"] == 1


@pytest.mark.parametrize(
    "wrong",
    [("--since", "yesterday"), ("--since", "2026-13-01"), ("--since", "2026-02-02", "--until", "2026-01-01")],
)
def test_what_is_no_period_is_refused(wrong: tuple[str, ...]) -> None:
    with pytest.raises(CommandError) as caught:
        run("usage", *wrong)
    assert caught.value.returncode == 2


def test_an_unknown_project_is_refused() -> None:
    with pytest.raises(CommandError, match="no project"):
        run("usage", "--project", "none")
