from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from tests.admin_pages import page
from tests.factories import make_project, make_video
from videos.usage.plays_panel import DAYS, HEIGHT, NONE, OFF, render_plays, show_plays
from videos.usage.selectors import Watched
from videos.usage.services import Counter, Counts, add_plays

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
FIRST = date(2026, 10, 31)


def days(*plays: int) -> list[tuple[date, Watched]]:
    return [(FIRST + timedelta(days=n), Watched(count, 90 * count)) for n, count in enumerate(plays)]


def test_each_day_has_a_bar_of_its_share() -> None:
    html = render_plays(days(0, 1, 1000, 500), is_counted=True)
    heights = [int(one) for one in re.findall(r'gf-plays-bar" [^>]*height="(\d+)"', html)]
    assert heights == [3, HEIGHT, HEIGHT // 2]
    assert "<dd>1,501</dd>" in html
    assert "<dd>2,252</dd>" in html
    assert "2 Nov: 1,000 plays, 1,500.0 minutes" in html
    assert "most on 2 Nov: 1,000." in html
    assert OFF not in html


def test_nothing_is_told_in_words() -> None:
    html = render_plays(days(0, 0), is_counted=False)
    assert NONE in html
    assert OFF in html
    assert "<svg" not in html


def test_the_opening_alone_shows_its_minutes() -> None:
    html = render_plays([(FIRST, Watched(0, 30))], is_counted=True)
    assert "<dd>0.5</dd>" in html
    assert "<svg" in html


@pytest.mark.django_db
def test_a_page_shows_its_own(admin_client: Client) -> None:
    project = make_project()
    video, other = make_video(project, status="ready"), make_video(project)
    today = datetime.now(UTC).date()
    add_plays(
        {
            Counter(video.pk, today, project.pk): Counts(31, 600),
            Counter(other.pk, today, project.pk): Counts(11, 0),
        }
    )
    for model, row, plays in (("videos_video", video.pk, 31), ("videos_project", project.pk, 42)):
        html = admin_client.get(page(model, row)).content.decode()
        assert f"<dt>Plays</dt><dd>{plays}</dd>" in html, model


@pytest.mark.django_db
def test_it_looks_at_the_last_days_alone(settings: Any) -> None:
    project = make_project()
    for ago in (0, DAYS - 1, DAYS):
        add_plays({Counter("vid_1", NOW.date() - timedelta(days=ago), project.pk): Counts(1, 60)})
    assert "<dd>2</dd>" in show_plays(project=project, now=NOW)
    assert "<dd>0</dd>" in show_plays(project=project, now=NOW, video_id="vid_2")
