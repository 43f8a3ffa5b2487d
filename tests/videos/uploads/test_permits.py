from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from tests.factories import Account, make_video
from videos.access.models import ApiKey
from videos.access.services import revoke_api_key, suspend_project
from videos.catalog.services import delete_video
from videos.errors import KeyInvalid, ProjectSuspended, ScopeMissing
from videos.uploads.errors import GrantExpired, GrantInvalid
from videos.uploads.models import UploadGrant
from videos.uploads.permits import (
    find_grant,
    permit_of_grant,
    permit_of_key,
    require_still_good,
)

pytestmark = pytest.mark.django_db


def make_grant(account: Account, **fields: Any) -> UploadGrant:
    given = {"max_size_bytes": 1000, "expires_at": timezone.now() + timedelta(hours=1), **fields}
    return UploadGrant.objects.create(video=make_video(account.project), api_key=account.key, **given)


def forget_scope(key: ApiKey) -> None:
    ApiKey.objects.filter(pk=key.pk).update(scopes=["videos:read"])


def test_a_key_may_upload_to_its_project(account: Account) -> None:
    permit = permit_of_key(account.key, settings.GILFOYLE)
    assert (permit.project_id, permit.grant_id, permit.video_id) == (account.project.pk, None, None)
    assert permit.largest_bytes == settings.GILFOYLE.upload.max_size_bytes
    require_still_good(permit)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda a: revoke_api_key(key=a.key), KeyInvalid),
        (lambda a: a.key.delete(), KeyInvalid),
        (lambda a: suspend_project(project=a.project), ProjectSuspended),
        (lambda a: forget_scope(a.key), ScopeMissing),
    ],
)
def test_a_key_that_was_good_is_asked_again(
    account: Account, change: Callable[[Account], object], error: type[Exception]
) -> None:
    permit = permit_of_key(account.key, settings.GILFOYLE)
    change(account)
    with pytest.raises(error):
        require_still_good(permit)


def test_an_address_allows_what_its_grant_says(account: Account) -> None:
    grant = make_grant(account, max_duration_s=60.0, containers=["mp4"])
    permit = permit_of_grant(grant, settings.GILFOYLE)
    assert (permit.grant_id, permit.video_id) == (grant.pk, grant.video_id)
    assert (permit.project_id, permit.largest_bytes) == (account.project.pk, 1000)
    assert (permit.expires_at, permit.limits) == (
        grant.expires_at,
        {"max_duration_s": 60.0, "containers": ["mp4"]},
    )
    require_still_good(permit)
    plain = permit_of_grant(make_grant(account, max_size_bytes=2**62), settings.GILFOYLE)
    assert (plain.limits, plain.largest_bytes) == ({}, settings.GILFOYLE.upload.max_size_bytes)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (lambda a, _: revoke_api_key(key=a.key), GrantInvalid),
        (lambda a, _: forget_scope(a.key), GrantInvalid),
        (lambda _, g: delete_video(video=g.video), GrantInvalid),
        (lambda _, g: g.delete(), GrantInvalid),
        (lambda _, g: UploadGrant.objects.filter(pk=g.pk).update(revoked_at=timezone.now()), GrantInvalid),
        (lambda _, g: UploadGrant.objects.filter(pk=g.pk).update(expires_at=timezone.now()), GrantExpired),
        (lambda a, _: suspend_project(project=a.project), ProjectSuspended),
    ],
)
def test_an_address_that_was_good_is_asked_again(
    account: Account, change: Callable[[Account, UploadGrant], object], error: type[Exception]
) -> None:
    grant = make_grant(account)
    permit = permit_of_grant(grant, settings.GILFOYLE)
    change(account, grant)
    with pytest.raises(error):
        require_still_good(permit)
    found = find_grant(permit.grant_id or "")
    if found is not None:
        with pytest.raises(error):
            permit_of_grant(found, settings.GILFOYLE)


@pytest.mark.parametrize(
    "change",
    [
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: user.user_permissions.clear(),
        lambda user: user.delete(),
    ],
)
def test_an_administrator_s_address_ends_with_the_account_and_its_permission(
    account: Account, change: Callable[[User], object]
) -> None:
    user = User.objects.create_user("giver", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="add_uploadgrant"))
    grant = make_grant(account)
    UploadGrant.objects.filter(pk=grant.pk).update(api_key=None, given_by=user)
    found = find_grant(grant.pk)
    assert found is not None
    permit = permit_of_grant(found, settings.GILFOYLE)
    assert (permit.api_key_id, permit.project_id) == ("", account.project.pk)
    require_still_good(permit)
    change(user)
    with pytest.raises(GrantInvalid):
        require_still_good(permit)
