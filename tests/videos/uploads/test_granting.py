from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from tests.factories import Account, make_account, make_video
from tests.videos.uploads.test_resumable import append, create, files
from videos.access import quotas
from videos.access.models import Project
from videos.catalog import services as catalog
from videos.errors import SourceExists, VideoNotFound
from videos.uploads.errors import GrantNotFound
from videos.uploads.granting import (
    GrantWish,
    create_grant,
    describe_grant,
    get_grant,
    revoke_grant,
    tus_url,
)
from videos.uploads.grants import read_grant
from videos.uploads.models import Upload, UploadGrant
from videos.uploads.permits import permit_of_grant

pytestmark = pytest.mark.django_db
ROOT = b"the root secret of the tests, long enough"


def grant(account: Account, **wish: object) -> UploadGrant:
    return create_grant(key=account.key, wish=GrantWish(**wish), config=settings.GILFOYLE)  # type: ignore[arg-type]  # by name


def shown(given: UploadGrant) -> dict[str, object]:
    return describe_grant(given, config=settings.GILFOYLE, root_secret=ROOT)


def test_without_wishes_the_settings_hold(account: Account) -> None:
    given = grant(account)
    assert given.video.project == account.project
    assert given.video.status == "awaiting_upload"
    assert given.max_size_bytes == settings.GILFOYLE.upload.max_size_bytes
    assert given.expires_at - timezone.now() > timedelta(hours=23)
    described = shown(given)
    assert (described["status"], described["offset_bytes"], described["length_bytes"]) == ("waiting", 0, None)


def test_an_administrator_gives_one_too_and_nobody_none(account: Account) -> None:
    user = User.objects.create_user("giver")
    wish = GrantWish(video={"title": "T"})
    given = create_grant(key=None, wish=wish, config=settings.GILFOYLE, project=account.project, giver=user)
    assert (given.api_key, given.given_by, given.video.project) == (None, user, account.project)
    with pytest.raises(TypeError):
        create_grant(key=None, wish=wish, config=settings.GILFOYLE)


def test_wishes_never_exceed_the_settings(account: Account) -> None:
    given = grant(account, ttl_s=10**9, max_size_bytes=2**60, video={"title": "T"})
    assert given.max_size_bytes == settings.GILFOYLE.upload.max_size_bytes
    assert given.expires_at <= timezone.now() + timedelta(seconds=settings.GILFOYLE.upload.grant_max_ttl_s)
    assert given.video.title == "T"


def test_the_address_proves_its_grant_and_stands_in_no_row(account: Account) -> None:
    given = grant(account)
    url = tus_url(given, config=settings.GILFOYLE, root_secret=ROOT)
    assert url.startswith(f"{settings.GILFOYLE.public_url}/api/v1/uploads/tus/upg_")
    token = url.rpartition("/")[2]
    assert read_grant(token, root_secret=ROOT) == given.pk
    row = UploadGrant.objects.filter(pk=given.pk).values().get()
    assert token.partition(".")[2] not in str(row)


@pytest.mark.parametrize(
    ("status", "error"),
    [("ready", SourceExists), ("processing", SourceExists), ("deleting", VideoNotFound)],
)
def test_a_video_that_takes_no_source_gets_no_address(
    account: Account, status: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        grant(account, video_id=make_video(account.project, status=status).pk)


def test_a_video_of_another_project_is_none(account: Account) -> None:
    with pytest.raises(VideoNotFound):
        grant(account, video_id=make_video().pk)
    with pytest.raises(GrantNotFound):
        get_grant(project=make_account().project, grant_id=grant(account).pk)


def test_it_tells_how_far_the_upload_is(account: Account, media_dir: Path) -> None:
    given = grant(account)
    permit = permit_of_grant(given, settings.GILFOYLE)
    upload = create(permit, 6)
    append(permit, upload, b"abc")
    described = shown(given)
    assert (described["status"], described["offset_bytes"], described["length_bytes"]) == ("receiving", 3, 6)
    append(permit, upload, b"def", 3)
    revoke_grant(grant=given)
    assert shown(get_grant(project=account.project, grant_id=given.pk))["status"] == "finished"


def test_what_is_on_its_way_goes_with_its_address(account: Account, media_dir: Path) -> None:
    given = grant(account)
    permit = permit_of_grant(given, settings.GILFOYLE)
    for headers in ({}, {"Upload_Concat": "partial"}):
        append(permit, create(permit, 6, **headers), b"abc")
    assert len(files(media_dir)) == 2
    revoke_grant(grant=given)
    assert files(media_dir) == []
    assert set(Upload.objects.values_list("status", "ended_code")) == {("aborted", "revoked")}
    assert shown(get_grant(project=account.project, grant_id=given.pk))["status"] == "revoked"


def test_an_old_address_has_expired(account: Account) -> None:
    given = grant(account)
    given.expires_at = timezone.now()
    assert shown(given)["status"] == "expired"


def test_the_video_is_held_before_its_project_as_by_whoever_uploads(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[str] = []
    hold_video, hold_project = catalog.hold_video, quotas.hold_project

    def video(*, video_id: str) -> None:
        held.append("video")
        hold_video(video_id=video_id)

    def project(project_id: str) -> Project:
        held.append("project")
        return hold_project(project_id)

    monkeypatch.setattr(catalog, "hold_video", video)
    monkeypatch.setattr(quotas, "hold_project", project)
    grant(account, video_id=make_video(account.project).pk)
    assert held == ["video", "project"], "another order waits in a circle on PostgreSQL"
