"""What happens to videos is counted for their project, the key that brought them, and their creator."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from tests.factories import Account, make_video
from tests.videos.moderation.making import ADMINISTRATOR, make_case, make_report
from tests.videos.usage.making import kept
from videos.catalog.models import Video
from videos.events import MaterialRecognised, VideoFailed, VideoUploaded
from videos.fingerprints.models import BlockedFingerprint, FingerprintMatch, HashList
from videos.moderation import services as moderation
from videos.moderation.models import RULE
from videos.moderation.policy import CREATOR, Kind
from videos.moderation.services import Filing, Verdict
from videos.uploads.models import Upload
from videos.usage import subscribers
from videos.usage.tally import Tally


@pytest.fixture
def video(account: Account) -> Video:
    video = make_video(account.project, creator_id="ann", status="ready", duration_s=9.0)
    upload = Upload.objects.create(
        video=video, project=account.project, api_key=account.key, lease_expires_at=timezone.now()
    )
    video.source_upload_id, video.source_size_bytes = upload.pk, 5000
    video.failure_code = "no_video_stream"
    video.save()
    return video


def of_all(account: Account, measure: str, code: str, amount: int) -> dict[tuple[str, ...], int]:
    whose = (("project", account.project.pk), ("api_key", account.key.pk), ("creator", "ann"))
    return {(*one, measure, code): amount for one in whose}


def test_a_file_that_arrives_and_a_video_that_fails(
    account: Account, video: Video, tally: Tally, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        subscribers.count_upload(VideoUploaded(video.pk))
        subscribers.count_failure(VideoFailed(video.pk))
    tally.flush()
    assert kept() == {
        **of_all(account, "uploads", "", 1),
        **of_all(account, "bytes_in", "", 5000),
        **of_all(account, "failed", "no_video_stream", 1),
    }


def test_a_match(
    account: Account, video: Video, tally: Tally, django_capture_on_commit_callbacks: Any
) -> None:
    house = HashList.objects.create(name="List")
    ban = BlockedFingerprint.objects.create(hash_list=house, kind="dct256", digest="ab", version=1)
    match = FingerprintMatch.objects.create(
        video_id=video.pk, project_id=account.project.pk, upload_id="u", ban=ban, kind="dct256", action="hold"
    )
    with django_capture_on_commit_callbacks(execute=True):
        subscribers.count_match(MaterialRecognised(video.pk, match.pk))
        subscribers.count_match(MaterialRecognised("vid_gone", match.pk))
        subscribers.count_match(MaterialRecognised(video.pk, "mat_gone"))
    tally.flush()
    assert kept() == of_all(account, "matches", "dct256", 1)


def test_what_people_report_and_what_is_decided(
    account: Account, video: Video, tally: Tally, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        case = make_case(video, "hate")
        make_report(video, "spam", channel=RULE)
        of_creator = Filing(CREATOR, "ann", "spam")
        moderation.file_report(project=account.project, filing=of_creator, by=ADMINISTRATOR)
        case.refresh_from_db()
        verdict = Verdict(Kind.AGE_LABEL, "hate")
        moderation.decide(case_id=case.pk, version=case.version, verdict=verdict, by=ADMINISTRATOR)
    tally.flush()
    spam: dict[tuple[str, ...], int] = {
        ("project", account.project.pk, "reports", "spam"): 1,
        ("creator", "ann", "reports", "spam"): 1,
    }
    assert kept() == {
        **of_all(account, "reports", "hate", 1),
        **spam,
        **of_all(account, "decisions", "age_label", 1),
    }
