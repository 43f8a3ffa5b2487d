"""What was sent straight to the bucket, and not processed to the end, does not stay there in the clear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from dramatiq.brokers.stub import StubBroker
from rest_framework.test import APIClient

from gilfoyle.lib import storage
from gilfoyle.lib.sealed_chunks import is_sealed
from gilfoyle.lib.storage import StorageFault
from tests.bucket import own_bucket
from tests.sealing import set_sealing
from tests.videos.uploads.direct_calls import SMALL, complete, send_all
from tests.videos.uploads.test_direct_views import settle
from videos import layout
from videos.catalog.models import SourceKey, SpareSource, Video
from videos.catalog.services import mark_failed, resume_processing
from videos.catalog.source_sealing import store_sealed_copy
from videos.catalog.sources import READ_ON, remove_spare_sources
from videos.catalog.stored_sources import name_of, open_source
from videos.uploads import sealing
from videos.uploads.models import Upload
from videos.uploads.sealing import AGAIN_AFTER, nudge_clear_sources, seal_source

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@pytest.fixture(autouse=True)
def bucket(settings: Any) -> Iterator[Any]:
    with own_bucket(settings) as store:
        yield store


@pytest.fixture
def upload_id(api: APIClient) -> str:
    upload = send_all(api)
    complete(api, upload)
    settle(upload)
    video = Video.objects.get()
    assert (video.status, video.source_is_sealed) == ("processing", False)
    return str(upload["upload_id"])


def fail_video() -> Video:
    video = Video.objects.get()
    mark_failed(video_id=video.pk, code="source_not_media", message="This is not a media file.")
    return video


def lying(store: Any) -> dict[str, bytes]:
    found = store.bucket.objects.filter(Prefix=store.location + "/sources/")
    return {one.key.removeprefix(store.location + "/"): one.get()["Body"].read() for one in found}


def nudge(settings: Any, **later: Any) -> int:
    return nudge_clear_sources(config=settings.GILFOYLE, **later)


def test_the_source_of_a_video_that_failed_is_encrypted(bucket: Any, settings: Any, upload_id: str) -> None:
    assert list(lying(bucket).values()) == [SMALL]
    fail_video()
    assert seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    remove_spare_sources(now=timezone.now() + 2 * READ_ON)
    video = Video.objects.get()
    ((name, stored),) = lying(bucket).items()
    assert (name, is_sealed(stored)) == (name_of(video), True)
    assert open_source(video).read(0, len(SMALL)) == SMALL
    assert (video.status, video.failure_code) == ("failed", "source_not_media")
    assert not seal_source(upload_id=upload_id, config=settings.GILFOYLE)  # it is
    assert Upload.objects.get().writer == ""


def test_what_is_processed_is_left_to_its_job(bucket: Any, settings: Any, upload_id: str) -> None:
    assert nudge(settings, now=timezone.now() + 2 * AGAIN_AFTER) == 0
    assert not seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    assert list(lying(bucket).values()) == [SMALL]


def test_a_video_that_a_job_takes_up_while_its_source_is_encrypted_keeps_the_one_it_reads(
    bucket: Any, settings: Any, upload_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = fail_video()

    def store_and_be_taken_up(**of: Any) -> Any:
        made = store_sealed_copy(**of)
        resume_processing(video_id=video.pk)
        return made

    monkeypatch.setattr(sealing, "store_sealed_copy", store_and_be_taken_up)
    assert not seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    video = Video.objects.get()
    assert (video.status, video.source_version, video.source_is_sealed) == ("processing", "", False)
    remove_spare_sources()
    assert list(lying(bucket).values()) == [SMALL]
    assert not SourceKey.objects.exists()


def test_what_is_processed_again_is_left_to_its_job_too(bucket: Any, settings: Any, upload_id: str) -> None:
    fail_video()
    Video.objects.update(status="ready", next_revision="r" * 16)
    assert nudge(settings, now=timezone.now() + 2 * AGAIN_AFTER) == 0
    assert not seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    Video.objects.update(next_revision="")
    assert seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    assert all(
        is_sealed(stored) for name, stored in lying(bucket).items() if name == name_of(Video.objects.get())
    )


def test_workers_are_told_now_and_then_until_it_is_done(
    settings: Any, upload_id: str, stub_broker: StubBroker
) -> None:
    fail_video()
    later = timezone.now() + 2 * AGAIN_AFTER
    stub_broker.flush_all()
    assert [nudge(settings, now=later), nudge(settings, now=later)] == [1, 0]
    assert stub_broker.queues["default"].qsize() == 1
    assert nudge(settings, now=later + 2 * AGAIN_AFTER) == 1
    assert seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    assert nudge(settings, now=later + 4 * AGAIN_AFTER) == 0


def test_nobody_is_told_where_sources_stay_in_the_clear(settings: Any, upload_id: str) -> None:
    fail_video()
    set_sealing(settings, "never")
    assert nudge(settings, now=timezone.now() + 2 * AGAIN_AFTER) == 0
    assert not seal_source(upload_id=upload_id, config=settings.GILFOYLE)


def test_two_workers_do_not_do_it_both(settings: Any, upload_id: str) -> None:
    fail_video()
    Upload.objects.update(writer="another", writer_expires_at=timezone.now() + AGAIN_AFTER)
    assert not seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    assert not SpareSource.objects.exists()


def test_a_store_that_fails_leaves_it_as_it_is(
    bucket: Any, settings: Any, upload_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fail_video()

    def fail(**_options: Any) -> None:
        message = "The store is away."
        raise StorageFault(message)

    monkeypatch.setattr(sealing, "store_sealed_copy", fail)
    assert not seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    assert list(lying(bucket).values()) == [SMALL]
    assert Upload.objects.get().writer == ""


def test_a_copy_of_a_source_that_was_replaced_meanwhile_goes_with_its_key(
    settings: Any, upload_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = fail_video()

    def replace_first(**options: Any) -> Any:
        made = store_sealed_copy(**options)
        Video.objects.filter(pk=video.pk).update(source_upload_id="another")
        storage.save_bytes(layout.source_name(video.project_id, video.pk, "another"), b"another film")
        return made

    monkeypatch.setattr(sealing, "store_sealed_copy", replace_first)
    assert not seal_source(upload_id=upload_id, config=settings.GILFOYLE)
    spare = SpareSource.objects.get()
    remove_spare_sources(now=spare.remove_at)
    assert not SourceKey.objects.exists()
