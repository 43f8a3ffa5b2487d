from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from dramatiq.brokers.stub import StubBroker

from gilfoyle.lib import storage
from gilfoyle.lib.errors import NoSpace, StaleWork
from gilfoyle.lib.outbound import OutboundFault
from tests.factories import make_project, make_video
from videos import layout
from videos.catalog import services as catalog
from videos.catalog.models import Video
from videos.errors import SourceExists, UploadInProgress
from videos.imports import services
from videos.imports.errors import ImportInProgress, ImportsDisabled, ServerBusy, SourceNotThere
from videos.imports.models import Import
from videos.uploads.models import Upload

pytestmark = pytest.mark.django_db
URL = "https://files.example/clip.mp4?signature=secret"
MISSING = SourceNotThere("The server answered 404 (Not Found).", hint="Check the address.")
AWAY = OutboundFault("The server could not be reached.", hint="Check.")


def begin(settings: Any, video: Video | None = None) -> Import:
    return services.start_import(video=video or make_video(), source_url=URL, config=settings.GILFOYLE)


def claim(settings: Any, video: Video | None = None) -> Import:
    begin(settings, video)
    held = services.claim_import(owner="me", lease_s=60)
    assert held is not None
    return held


def receiving(held: Import, version: str = '"v1"') -> Upload:
    """Begin the transfer of an import, as `Transfer` does."""
    catalog.begin_receiving(video_id=held.video_id)
    upload = Upload.objects.create(
        kind="resumable",
        project_id=held.video.project_id,
        video_id=held.video_id,
        length_bytes=10,
        lease_expires_at=timezone.now() + timedelta(seconds=60),
    )
    services.record_transfer(held=held, upload_id=upload.pk, size_bytes=10, version=version)
    return upload


def accept(upload: Upload) -> None:
    Upload.objects.filter(pk=upload.pk).update(status="finished")
    catalog.accept_source(video_id=upload.video_id or "", upload_id=upload.pk, size_bytes=10, sha256="ab")


def run_out(held: Import) -> None:
    Import.objects.filter(pk=held.pk).update(lease_expires_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("status", "refusal"),
    [("processing", SourceExists), ("ready", SourceExists), ("uploading", UploadInProgress)],
)
def test_only_a_video_that_may_be_given_a_source_imports_one(
    status: str, refusal: type[Exception], settings: Any
) -> None:
    with pytest.raises(refusal):
        begin(settings, make_video(status=status))
    assert not Import.objects.exists()


def test_one_import_at_a_time_and_none_where_the_operator_says_so(settings: Any) -> None:
    video = make_video()
    begin(settings, video)
    with pytest.raises(ImportInProgress):
        begin(settings, video)
    settings.GILFOYLE = settings.GILFOYLE.model_copy(
        update={"imports": settings.GILFOYLE.imports.model_copy(update={"enabled": False})}
    )
    with pytest.raises(ImportsDisabled):
        begin(settings)


def test_one_worker_gets_an_import_the_longest_waiting_first(settings: Any) -> None:
    first, second = begin(settings), begin(settings)
    Import.objects.filter(pk=second.pk).update(ready_at=timezone.now() - timedelta(seconds=9))
    claimed = [services.claim_import(owner="me", lease_s=60) for _ in range(3)]
    assert [one and one.pk for one in claimed] == [second.pk, first.pk, None]


def test_one_projects_many_addresses_hold_up_nobody_elses(settings: Any) -> None:
    busy, other = make_project(), make_project()
    many = [begin(settings, make_video(busy)) for _ in range(3)]
    late = begin(settings, make_video(other))
    claimed = [services.claim_import(owner="me", lease_s=60) for _ in range(5)]
    assert [one and one.pk for one in claimed] == [many[0].pk, late.pk, many[1].pk, many[2].pk, None]


def test_an_import_is_not_claimed_before_its_time_but_by_name(settings: Any) -> None:
    first = begin(settings)
    Import.objects.filter(pk=first.pk).update(ready_at=timezone.now() + timedelta(seconds=60))
    assert services.claim_import(owner="me", lease_s=60) is None
    assert services.claim_import(owner="me", lease_s=60, import_id=first.pk) == first
    assert services.claim_import(owner="me", lease_s=60, import_id=first.pk) is None


def test_what_arrives_closes_its_import_and_forgets_the_secret(settings: Any) -> None:
    held = claim(settings)
    assert services.renew_import(held=held, lease_s=60, received_bytes=5)
    accept(receiving(held))
    held.refresh_from_db()
    assert (held.status, held.received_bytes, held.source_url) == (
        "finished",
        10,
        "https://files.example/clip.mp4",
    )
    assert held.finished_at
    assert not services.renew_import(held=held, lease_s=60, received_bytes=5)


def test_another_upload_that_arrives_first_ends_the_import(settings: Any) -> None:
    waiting = begin(settings)
    catalog.begin_receiving(video_id=waiting.video_id)
    upload = Upload.objects.create(
        video_id=waiting.video_id, length_bytes=10, lease_expires_at=timezone.now()
    )
    accept(upload)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.failure_code) == ("cancelled", "source_exists")


def test_a_refusal_fails_the_video_in_words(settings: Any) -> None:
    held = claim(settings)
    upload = receiving(held)
    services.fail_import(held=held, error=MISSING, is_final=True)
    held.refresh_from_db()
    video = Video.objects.get()
    assert (held.status, held.failure_code, held.failure_hint) == ("failed", "source_not_there", MISSING.hint)
    assert (video.status, video.failure_code, video.failure_message) == (
        "failed",
        "source_not_there",
        MISSING.message,
    )
    upload.refresh_from_db()
    assert upload.status == "aborted"


def test_a_fault_is_tried_again_ever_later_and_not_for_ever(settings: Any) -> None:
    begun = begin(settings)
    pauses = []
    for _ in range(services.MAX_FAULTS):
        Import.objects.update(ready_at=timezone.now())
        held = services.claim_import(owner="me", lease_s=60)
        assert held is not None
        services.fail_import(held=held, error=AWAY, is_final=False)
        begun.refresh_from_db()
        pauses.append(round((begun.ready_at - timezone.now()).total_seconds() / 10))
    assert pauses[:-1] == [1, 4, 16, 64, 90]
    assert (begun.status, begun.faults) == ("failed", services.MAX_FAULTS)
    assert Video.objects.get().failure_code == "server_unreachable"


@pytest.mark.parametrize(
    ("asked_s", "pause_s"), [(None, 10), (5, 10), (120, 120), (10**9, services.MOST_PAUSE_S)]
)
def test_a_server_that_says_when_is_asked_no_sooner(asked_s: int | None, pause_s: int, settings: Any) -> None:
    held = claim(settings)
    services.fail_import(held=held, error=ServerBusy("Busy.", retry_after_s=asked_s), is_final=False)
    held.refresh_from_db()
    assert abs((held.ready_at - timezone.now()).total_seconds() - pause_s) < 5


def test_a_failed_import_leaves_the_earlier_source_and_its_words(settings: Any) -> None:
    video = make_video(status="failed", source=b"x", failure_code="source_corrupt", failure_message="Broken.")
    services.fail_import(held=claim(settings, video), error=MISSING, is_final=True)
    video.refresh_from_db()
    assert (video.status, video.failure_code) == ("failed", "source_corrupt")


@pytest.mark.parametrize(("version", "status"), [('"v1"', "receiving"), ("", "aborted")])
def test_between_two_tries_only_what_can_be_gone_on_with_is_kept(
    version: str, status: str, settings: Any
) -> None:
    for put_back in (
        lambda held: services.fail_import(held=held, error=AWAY, is_final=False),
        lambda held: services.postpone_import(held=held, error=AWAY, pause_s=1),
    ):
        held = claim(settings)
        upload = receiving(held, version)
        put_back(held)
        upload.refresh_from_db()
        assert upload.status == status


def test_what_waits_for_room_counts_no_fault(settings: Any) -> None:
    held = claim(settings)
    services.postpone_import(held=held, error=NoSpace("There is no room left."), pause_s=60)
    held.refresh_from_db()
    assert (held.status, held.faults, held.failure_code) == ("waiting", 0, "no_space")
    with pytest.raises(StaleWork):
        services.postpone_import(held=held, error=NoSpace("There is no room left."), pause_s=60)


def test_a_cancelled_import_lets_its_video_await_another(settings: Any) -> None:
    held = claim(settings)
    receiving(held)
    assert services.cancel_import(video_id=held.video_id)
    assert not services.cancel_import(video_id=held.video_id)
    held.refresh_from_db()
    assert (held.status, Video.objects.get().status) == ("cancelled", "awaiting_upload")
    with pytest.raises(StaleWork):
        services.fail_import(held=held, error=AWAY, is_final=False)
    begin(settings, Video.objects.get())


def test_deleting_a_video_stops_its_import(settings: Any) -> None:
    held = claim(settings)
    receiving(held)
    catalog.delete_video(video=held.video)
    held.refresh_from_db()
    assert (held.status, Video.objects.get().status) == ("cancelled", "deleting")


@pytest.mark.parametrize(("version", "is_kept"), [('"v1"', True), ("", False)])
def test_a_dead_workers_import_is_given_away_and_it_can_change_nothing_any_more(
    version: str, is_kept: bool, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    held = claim(settings)
    upload = receiving(held, version)
    left = layout.upload_piece_name(held.video.project_id, upload.pk, "piece")
    storage.save_bytes(left, b"what has arrived")
    assert services.sweep_imports() == 0
    run_out(held)
    with django_capture_on_commit_callbacks(execute=True):
        assert services.sweep_imports() == 1
    upload.refresh_from_db()
    assert (upload.status, Video.objects.get().status) == (
        ("receiving", "uploading") if is_kept else ("aborted", "awaiting_upload")
    )
    assert storage.exists(left) == is_kept
    assert not services.renew_import(held=held, lease_s=60, received_bytes=5)
    with pytest.raises(StaleWork):
        services.record_transfer(held=held, upload_id="", size_bytes=10, version="")
    with pytest.raises(StaleWork):
        services.drop_transfer(held=held)
    again = services.claim_import(owner="another", lease_s=60)
    assert again is not None
    assert (again.attempt, again.upload_id) == (2, upload.pk)


def test_what_is_of_another_file_is_thrown_away(
    settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    held = claim(settings)
    upload = receiving(held)
    left = layout.upload_piece_name(held.video.project_id, upload.pk, "piece")
    storage.save_bytes(left, b"what has arrived")
    with django_capture_on_commit_callbacks(execute=True):
        services.drop_transfer(held=held)
    held.refresh_from_db()
    assert (held.status, held.upload_id, held.version, held.size_bytes) == ("fetching", "", "", None)
    assert not storage.exists(left)
    assert Video.objects.get().status == "awaiting_upload"


def test_waiting_imports_are_told_of_once_more(settings: Any, stub_broker: StubBroker) -> None:
    services.sweep_imports()
    assert "default" not in stub_broker.queues or stub_broker.queues["default"].qsize() == 0
    begin(settings, make_video(make_project()))
    services.sweep_imports()
    assert stub_broker.queues["default"].qsize() == 1
