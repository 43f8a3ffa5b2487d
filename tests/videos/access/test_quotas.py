from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction

from tests.factories import make_api_key, make_video
from tests.limited import key_use_of, limited_account, use_of
from videos.access import quotas
from videos.access.models import MonthlyUse
from videos.errors import QuotaExceeded, SourceTooLarge, TooManyUploads
from videos.models import Upload, Video

pytestmark = pytest.mark.django_db


def ask(account: Any, asked: int, key_id: str | None = None) -> None:
    with transaction.atomic():
        quotas.require_upload(
            project_id=account.project.pk,
            api_key_id=account.key.pk if key_id is None else key_id,
            asked_bytes=asked,
            config=django_settings.GILFOYLE,
        )


def begin(account: Any, reserved: int, **fields: Any) -> Upload:
    return Upload.objects.create(
        project=account.project,
        api_key=account.key,
        reserved_bytes=reserved,
        lease_expires_at=datetime(2100, 1, 1, tzinfo=UTC),
        **fields,
    )


def test_use_is_what_is_stored_and_what_is_kept_for_uploads() -> None:
    account = limited_account()
    make_video(account.project, stored_bytes=100)
    make_video(account.project, stored_bytes=30, status="deleting")
    begin(account, 7)
    begin(account, 5)
    begin(account, 1000, status="finished")
    begin(account, 1000, status="aborted")
    assert use_of(account) == quotas.Use(stored_bytes=130, deleting_bytes=30, uploading_bytes=12, uploads=2)
    assert use_of(limited_account()) == quotas.Use(0, 0, 0, 0)


def test_a_keys_use_is_what_came_by_it() -> None:
    account = limited_account()
    mine = make_video(account.project, stored_bytes=100)
    upload = begin(account, 60, video=mine, status="finished")
    Video.objects.filter(pk=mine.pk).update(source_upload_id=upload.pk)
    begin(account, 60, video=mine, status="finished")  # whose source was replaced since
    make_video(account.project, stored_bytes=1000)
    begin(account, 7)
    assert key_use_of(account) == quotas.Use(100, 0, 7, 1)


def test_what_is_deleted_of_a_key_is_added_up_once() -> None:
    account = limited_account()
    for status, stored in (("ready", 100), ("deleting", 30), ("deleting", 5)):
        video = make_video(account.project, stored_bytes=stored, status=status)
        upload = begin(account, 60, video=video, status="finished")
        begin(account, 60, video=video, status="aborted")
        Video.objects.filter(pk=video.pk).update(source_upload_id=upload.pk)
    assert key_use_of(account) == quotas.Use(135, 35, 0, 0)


def test_the_last_byte_may_be_taken_and_none_beyond() -> None:
    account = limited_account(max_stored_bytes=100)
    make_video(account.project, stored_bytes=60)
    begin(account, 30)
    ask(account, 10)
    with pytest.raises(QuotaExceeded) as refusal:
        ask(account, 11)
    facts = {name: refusal.value.facts[name] for name in refusal.value.told}
    assert facts == {"quota": "stored_bytes", "of": "project", "limit": 100, "used": 90, "asked": 11}
    assert refusal.value.retry_after_s is None
    assert "Delete" in refusal.value.hint


def test_what_can_never_fit_is_too_large() -> None:
    account = limited_account(max_stored_bytes=100)
    with pytest.raises(SourceTooLarge):
        ask(account, 101)


def test_what_is_being_deleted_still_takes_room_and_the_answer_says_until_when() -> None:
    account = limited_account(max_stored_bytes=100)
    make_video(account.project, stored_bytes=90, status="deleting")
    with pytest.raises(QuotaExceeded) as refusal:
        ask(account, 50)
    assert refusal.value.retry_after_s == quotas.DELETED_AFTER_S
    assert "being deleted" in refusal.value.hint


def test_a_key_may_have_less_than_its_project() -> None:
    account = limited_account(max_stored_bytes=100, of_key={"max_stored_bytes": 20, "max_uploads_at_once": 1})
    begin(account, 15)
    with pytest.raises(QuotaExceeded) as refusal:
        ask(account, 6)
    assert refusal.value.facts["of"] == "key"
    with pytest.raises(TooManyUploads) as too_many:
        ask(account, 5)
    assert (too_many.value.facts["of"], too_many.value.facts["limit"]) == ("key", 1)
    other, _ = make_api_key(account.project)
    ask(account, 85, other.pk)
    ask(account, 85, "")


def test_unfinished_uploads_are_counted() -> None:
    account = limited_account(max_uploads_at_once=2)
    begin(account, 1)
    ask(account, 1)
    begin(account, 1)
    with pytest.raises(TooManyUploads) as refusal:
        ask(account, 1)
    assert refusal.value.retry_after_s == 30


def test_without_limits_anything_goes() -> None:
    account = limited_account(max_uploads_at_once=0)
    ask(account, 10**17)
    room = quotas.find_room(project_id=account.project.pk, api_key_id="", config=django_settings.GILFOYLE)
    assert room.left_bytes is None
    assert room.refuse(10**17) is None


def test_what_would_come_later_is_refused_where_nothing_could_come() -> None:
    account = limited_account(max_stored_bytes=100)
    given: dict[str, Any] = {
        "project_id": account.project.pk,
        "api_key_id": "",
        "config": django_settings.GILFOYLE,
    }
    begin(account, 99)
    quotas.require_any_room(**given)
    with pytest.raises(QuotaExceeded):
        quotas.require_any_room(**given, asked_bytes=2)
    begin(account, 1)
    with pytest.raises(QuotaExceeded):
        quotas.require_any_room(**given)


def charge(account: Any, duration_s: float) -> None:
    quotas.charge_minutes(
        project_id=account.project.pk, duration_s=duration_s, config=django_settings.GILFOYLE
    )


def test_minutes_are_counted_to_the_last_and_then_refused_before_the_upload() -> None:
    account = limited_account(max_minutes_a_month=2)
    charge(account, 61.5)
    with pytest.raises(QuotaExceeded) as refusal:
        charge(account, 58.501)
    assert refusal.value.facts["quota"] == "minutes_a_month"
    ask(account, 1)
    charge(account, 58.5)
    assert quotas.processed_ms(account.project.pk) == 120_000
    with pytest.raises(QuotaExceeded) as refused:
        ask(account, 1)
    assert refused.value.retry_after_s is not None
    assert 0 < refused.value.retry_after_s <= 31 * 24 * 3600
    with pytest.raises(QuotaExceeded):
        charge(account, 0.001)


def test_a_new_month_begins_at_nothing() -> None:
    account = limited_account(max_minutes_a_month=1)
    charge(account, 60)
    MonthlyUse.objects.update(month="2026-01")
    assert quotas.processed_ms(account.project.pk) == 0
    charge(account, 60)
    assert quotas.processed_ms(account.project.pk, now=datetime(2026, 1, 31, tzinfo=UTC)) == 60_000


def test_minutes_are_counted_without_a_limit_too() -> None:
    account = limited_account()
    charge(account, 30)
    charge(account, 12.25)
    assert quotas.processed_ms(account.project.pk) == 42_250


def test_months_are_those_of_utc() -> None:
    assert quotas.month_of(datetime.fromisoformat("2026-03-01T01:00:00+02:00")) == "2026-02"
