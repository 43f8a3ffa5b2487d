from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from tests.factories import Account, make_video
from tests.videos.uploads.test_resumable import append, create
from videos.catalog.models import Video
from videos.uploads.errors import GrantExpired, GrantInvalid
from videos.uploads.grant_state import describe_to_holder, require_tellable
from videos.uploads.granting import GrantWish, create_grant, revoke_grant
from videos.uploads.models import Upload, UploadGrant
from videos.uploads.permits import find_grant, permit_of_grant

pytestmark = pytest.mark.django_db
MARK = "12-9f2c61d07be4a355"


def give(account: Account, **wish: Any) -> UploadGrant:
    return create_grant(key=account.key, wish=GrantWish(**wish), config=settings.GILFOYLE)


def told(grant: UploadGrant) -> dict[str, Any]:
    found = find_grant(grant.pk)
    assert found is not None
    return describe_to_holder(found, settings.GILFOYLE)


def send(grant: UploadGrant, *pieces: bytes, length: int = 6) -> Upload:
    metadata = f"fingerprint {base64.b64encode(MARK.encode()).decode()}"
    permit = permit_of_grant(grant, settings.GILFOYLE)
    upload = create(permit, length, Upload_Metadata=metadata)
    at = 0
    for piece in pieces:
        append(permit, upload, piece, at)
        at += len(piece)
    return upload


def test_before_anything_came_it_tells_what_may_come(account: Account) -> None:
    state = told(
        give(account, video={"title": "T"}, containers=["mp4"], max_size_bytes=9, max_duration_s=5.0)
    )
    assert (state["status"], state["title"], state["containers"]) == ("waiting", "T", ["mp4"])
    assert (state["max_size_bytes"], state["max_duration_s"]) == (9, 5.0)
    assert (state["upload"], state["failure"]) == (None, None)


def test_limits_are_never_more_than_the_settings_allow(account: Account) -> None:
    grant = give(account)
    UploadGrant.objects.filter(pk=grant.pk).update(max_size_bytes=2**60, max_duration_s=1e9)
    state = told(grant)
    upload = settings.GILFOYLE.upload
    assert (state["max_size_bytes"], state["max_duration_s"]) == (
        upload.max_size_bytes,
        upload.max_duration_s,
    )
    assert state["containers"] == list(upload.containers)


def test_what_was_begun_is_told_with_the_mark_of_its_file(account: Account, media_dir: Path) -> None:
    grant = give(account)
    upload = send(grant, b"abc")
    assert told(grant)["upload"] == {
        "id": upload.pk,
        "offset_bytes": 3,
        "length_bytes": 6,
        "fingerprint": MARK,
    }
    assert told(grant)["status"] == "receiving"


def test_it_tells_how_the_processing_goes_of_what_it_brought(account: Account, media_dir: Path) -> None:
    grant = give(account)
    send(grant, b"abc", b"def")
    Video.objects.update(progress=40, playable=True)
    assert {name: told(grant)[name] for name in ("status", "progress", "playable", "upload")} == {
        "status": "processing",
        "progress": 40,
        "playable": True,
        "upload": None,
    }
    Video.objects.update(status="failed", failure_code="no_video_stream", failure_message="No video in it.")
    assert told(grant)["status"] == "failed"
    assert told(grant)["failure"] == {"code": "no_video_stream", "message": "No video in it."}


def test_of_another_source_it_tells_nothing(account: Account) -> None:
    video = make_video(account.project, status="failed", failure_message="Secret.", source=b"x", progress=70)
    grant = give(account, video_id=video.pk)
    assert (told(grant)["status"], told(grant)["failure"], told(grant)["progress"]) == ("waiting", None, 0)
    Video.objects.update(status="ready", playable=True)
    assert (told(grant)["status"], told(grant)["playable"]) == ("taken", False)


def test_what_arrived_may_be_asked_after_for_a_day_after_the_address_ended(
    account: Account, media_dir: Path
) -> None:
    grant = give(account)
    UploadGrant.objects.update(expires_at=timezone.now())
    grant.refresh_from_db()
    with pytest.raises(GrantExpired):
        require_tellable(grant, settings.GILFOYLE)
    UploadGrant.objects.update(expires_at=timezone.now() + timedelta(hours=1))
    grant.refresh_from_db()
    send(grant, b"abcdef")
    UploadGrant.objects.update(expires_at=timezone.now())
    grant.refresh_from_db()
    require_tellable(grant, settings.GILFOYLE)
    Upload.objects.update(finished_at=timezone.now() - timedelta(days=1))
    with pytest.raises(GrantExpired):
        require_tellable(grant, settings.GILFOYLE)
    revoke_grant(grant=grant)
    grant.refresh_from_db()
    with pytest.raises(GrantInvalid):
        require_tellable(grant, settings.GILFOYLE)


def test_what_goes_straight_to_the_bucket_is_not_to_be_gone_on_with_here(account: Account) -> None:
    grant = give(account)
    Upload.objects.create(
        grant=grant, video=grant.video, kind="direct", length_bytes=6, lease_expires_at=grant.expires_at
    )
    assert (told(grant)["status"], told(grant)["upload"]) == ("receiving", None)
