"""Reports, cases and people of moderation, as tests need them."""

from __future__ import annotations

from typing import Any

from tests.factories import make_project, make_video
from videos.access.models import Project
from videos.catalog.models import Video
from videos.moderation import services
from videos.moderation.models import Case, Report
from videos.moderation.policy import ALL_POWERS, VIDEO, Power, Reviewer

REVIEWER = Reviewer("staff:1", frozenset({Power.REVIEW}))
SENIOR = Reviewer(
    "staff:2",
    frozenset(
        {
            Power.REVIEW,
            Power.DECIDE_SEVERE,
            Power.SEE_EXTREME,
            Power.FREEZE,
            Power.REQUEST_PURGE,
            Power.DECIDE_APPEAL,
        }
    ),
)
ADMINISTRATOR = Reviewer("staff:3", ALL_POWERS)
SECOND = Reviewer("staff:4", ALL_POWERS)
AUDITOR = Reviewer("staff:5")
CONSUMER = Reviewer("api_key:key_000000000000000000")


def make_playing(project: Project | None = None, **fields: Any) -> Video:
    return make_video(project or make_project(), status="ready", duration_s=60.0, **fields)


def make_report(
    video: Video | None = None, reason: str = "hate", *, reporter: str = "", **more: Any
) -> Report:
    video = video or make_playing()
    filing = services.Filing(VIDEO, video.pk, reason, reporter=reporter, **more)
    report, _ = services.file_report(project=video.project, filing=filing, by=CONSUMER)
    return report


def make_case(video: Video | None = None, reason: str = "hate", **more: Any) -> Case:
    report = make_report(video, reason, **more)
    assert report.case is not None
    return Case.objects.get(pk=report.case_id)
