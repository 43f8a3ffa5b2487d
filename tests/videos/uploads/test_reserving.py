from __future__ import annotations

import io
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.db import connection

from tests.factories import Account, make_video
from tests.limited import limited_account, use_of
from videos.errors import QuotaExceeded
from videos.models import Upload
from videos.uploads import appending, reserving, states, tus
from videos.uploads.appending import append_bytes
from videos.uploads.bodies import Body
from videos.uploads.permits import permit_of_key
from videos.uploads.reserving import beyond_parts_bytes, reserve, reserve_ahead
from videos.uploads.resumable import create_upload

pytestmark = pytest.mark.django_db
LIMIT = 100


@pytest.fixture
def account() -> Account:
    return limited_account(max_stored_bytes=LIMIT)


def create(account: Account, length: int | None, concat: str | None = None) -> Upload:
    return create_upload(
        permit=permit_of_key(account.key, django_settings.GILFOYLE),
        creation=tus.Creation(length, concat=tus.read_concat(concat)),
        config=django_settings.GILFOYLE,
    )


def append(account: Account, upload: Upload, data: bytes, size: int | None, **told: Any) -> None:
    append_bytes(
        permit=permit_of_key(account.key, django_settings.GILFOYLE),
        upload_id=upload.pk,
        append=tus.Append(upload.offset_bytes, **told),
        body=Body(io.BytesIO(data).readinto, size),
        config=django_settings.GILFOYLE,
    )


def test_a_length_is_kept_before_the_first_byte(account: Account) -> None:
    upload = create(account, 70)
    assert (upload.reserved_bytes, upload.api_key) == (70, account.key)
    with pytest.raises(QuotaExceeded):
        create(account, 31)
    create(account, 30)
    assert use_of(account).taken_bytes == LIMIT


def test_what_goes_straight_to_the_bucket_is_counted_alike(account: Account) -> None:
    permit, config = permit_of_key(account.key, django_settings.GILFOYLE), django_settings.GILFOYLE
    given: dict[str, Any] = {"permit": permit, "config": config, "way": states.DIRECT}
    upload = create_upload(creation=tus.Creation(70, is_direct=True), **given)
    assert (upload.kind, upload.reserved_bytes) == (states.DIRECT, 70)
    with pytest.raises(QuotaExceeded):
        create_upload(creation=tus.Creation(31, is_direct=True), **given)


def test_a_length_that_is_told_late_is_kept_then(account: Account, media_dir: Path) -> None:
    upload = create(account, None)
    create(account, 60)
    assert upload.reserved_bytes == 0
    with pytest.raises(QuotaExceeded):
        append(account, upload, b"x", 1, length_bytes=41)
    assert use_of(account).taken_bytes == 60
    append(account, upload, b"x", 1, length_bytes=40)
    upload.refresh_from_db()
    assert (upload.reserved_bytes, upload.length_bytes, upload.offset_bytes) == (40, 40, 1)


@pytest.mark.parametrize("step", [7, 16 * 1024 * 1024])
def test_a_body_without_end_stops_at_the_byte_at_which_the_quota_ends(
    account: Account, media_dir: Path, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(reserving, "STEP_BYTES", step)
    monkeypatch.setattr(appending, "READ_BYTES", 9)
    upload = create(account, None)
    other = make_video(account.project, stored_bytes=33)
    with pytest.raises(QuotaExceeded) as refusal:
        append(account, upload, b"x" * 5000, None)
    assert refusal.value.facts["limit"] == LIMIT
    upload.refresh_from_db()
    assert (upload.offset_bytes, upload.reserved_bytes, upload.status) == (67, 67, "receiving")
    # What fits to the last byte is no trouble, and it goes on once there is room.
    append(account, upload, b"", None)
    other.delete()
    append(account, Upload.objects.get(pk=upload.pk), b"x" * 33, None)
    assert use_of(account).taken_bytes == LIMIT


def test_a_body_with_a_checksum_is_kept_whole_or_not_at_all(account: Account, media_dir: Path) -> None:
    upload = create(account, None)
    checksum = tus.Checksum("sha1", b"x" * 20)
    with pytest.raises(QuotaExceeded):
        append(account, upload, b"x" * 5000, None, checksum=checksum)
    upload.refresh_from_db()
    assert (upload.offset_bytes, upload.reserved_bytes) == (0, 0)


def test_what_was_kept_ahead_is_given_back(account: Account, media_dir: Path) -> None:
    upload = create(account, None)
    append(account, upload, b"x" * 10, None)
    assert use_of(account).uploading_bytes == 10


def test_who_is_not_the_writer_any_more_keeps_nothing_ahead(account: Account) -> None:
    upload = create(account, None)
    config = django_settings.GILFOYLE
    assert reserve_ahead(upload_id=upload.pk, writer="lost", config=config) is None
    Upload.objects.filter(pk=upload.pk).update(writer="me")
    kept, refusal = reserve_ahead(upload_id=upload.pk, writer="me", config=config) or (0, None)
    assert kept == LIMIT
    assert refusal is not None
    # Asked once more it is no more, and what it has is not taken away, even by a limit that was lowered.
    account.project.max_stored_bytes = 50
    account.project.save()
    assert (reserve_ahead(upload_id=upload.pk, writer="me", config=config) or (0, None))[0] == LIMIT


def test_less_is_kept_without_asking(account: Account) -> None:
    upload = create(account, 100)
    account.project.max_stored_bytes = 10
    account.project.save()
    assert reserve(upload, 90, django_settings.GILFOYLE) == 90


def test_a_file_of_parts_keeps_what_it_takes_beyond_them(account: Account) -> None:
    one, two, unknown = (
        create(account, 30, "partial"),
        create(account, 20, "partial"),
        create(account, None, "partial"),
    )
    project_id = account.project.pk
    assert beyond_parts_bytes([one, two, unknown], project_id=project_id) == 0
    assert beyond_parts_bytes([one, two, one], project_id=project_id) == 30
    with pytest.raises(QuotaExceeded):
        create(account, None, f"final;{one.pk} {one.pk} {one.pk}")
    first = create(account, None, f"final;{one.pk} {two.pk}")
    assert first.reserved_bytes == 0
    second = create(account, None, f"final;{one.pk}")
    assert second.reserved_bytes == 30
    assert beyond_parts_bytes([one], project_id=project_id, final=first) == 0
    assert beyond_parts_bytes([one], project_id=project_id, final=second) == 30
    two.status = "aborted"
    assert beyond_parts_bytes([one, two], project_id=project_id, final=first) == 20


def test_uploads_that_had_begun_before_there_were_limits_are_counted_too(account: Account) -> None:
    migration = import_module("videos.migrations.0016_quotas")
    told, untold, video = create(account, 40), create(account, None), make_video(account.project)
    whole = Upload.objects.create(video=video, length_bytes=7, lease_expires_at=told.lease_expires_at)
    Upload.objects.filter(pk=untold.pk).update(offset_bytes=3)
    Upload.objects.update(reserved_bytes=0)
    migration.count_uploads_under_way(apps, SimpleNamespace(connection=connection))
    assert use_of(account).uploading_bytes == 50
    whole.refresh_from_db()
    assert whole.project == account.project
