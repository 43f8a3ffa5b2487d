"""A creator who has left something in every place that there is."""

from __future__ import annotations

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from tests.factories import make_project
from tests.videos.moderation.making import ADMINISTRATOR, CONSUMER, REVIEWER, make_playing
from videos.access.models import Project
from videos.catalog.models import Video
from videos.moderation import services
from videos.moderation.deciding import Verdict
from videos.moderation.policy import CREATOR, VIDEO, Kind
from videos.moderation.services import Filing
from videos.privacy.creators import Creator
from videos.uploads.models import Upload
from videos.usage.services import Figure, add_amounts


def make_creator(creator_id: str = "user-17", project: Project | None = None) -> Creator:
    return Creator(project or make_project(), creator_id)


def make_traces(creator: Creator) -> Video:
    """Leave a creator's id in every way in which it comes in; returns a video of theirs."""
    project, who = creator.project, creator.id
    video = make_playing(
        project, creator_id=who, title=f"By {who}", metadata={"by": [who]}, description=f"({who})"
    )
    Upload.objects.create(
        project=project, video=video, metadata=f"filename {who}", lease_expires_at=timezone.now()
    )
    day = timezone.now().date()
    add_amounts({Figure(project.pk, CREATOR, who, day, "refused", code): 1 for code in ("a", "b")})
    user = get_user_model().objects.create_superuser("ada", password=None)
    LogEntry.objects.create(
        user=user,
        content_type=ContentType.objects.get_for_model(Video),
        object_id=video.pk,
        object_repr=str(video),
        action_flag=CHANGE,
    )
    other = make_playing(project)
    words = f"See {who}."
    for filing in (
        Filing(CREATOR, who, "spam", comment=words),
        Filing(VIDEO, video.pk, "hate", comment=words, reporter="somebody"),
        Filing(VIDEO, other.pk, "hate", comment="Mine.", reporter=who),
    ):
        report, _ = services.file_report(project=project, filing=filing, by=CONSUMER)
        assert report.case_id is not None
        services.add_note(case_id=report.case_id, text=words, by=REVIEWER)
        kind = Kind.FREEZE_UPLOADS if filing.subject_type == CREATOR else Kind.BLOCK
        verdict = Verdict(
            kind, filing.reason, explanation=words if filing.subject_id != other.pk else "", facts=""
        )
        decision = services.decide(case_id=report.case_id, verdict=verdict, by=ADMINISTRATOR)
        services.appeal(project=project, decision_id=decision.pk, text=words, appellant=who, by=CONSUMER)
    return video
