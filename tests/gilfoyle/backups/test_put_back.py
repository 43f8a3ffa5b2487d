"""A database that other programs put back to an older state: what came since is spared all the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.backups.put_back import note_if_older, note_put_back
from gilfoyle.lib import storage
from gilfoyle.management.commands.scheduler import begin_acting
from gilfoyle.stores.times_replaced import find_replaced
from tests.factories import make_video
from videos import layout
from videos.audit import witness
from videos.audit.chain import Link
from videos.audit.checkpoints import keep_checkpoints, witness_folder
from videos.audit.models import AuditEntry, AuditHead
from videos.audit.services import record
from videos.audit.signing import Mark
from videos.moderation.reviewers import reviewer_of_house
from videos.uploads.models import Upload
from videos.uploads.services import release_stale_uploads
from videos.uploads.states import RECEIVING

pytestmark = pytest.mark.django_db
AS_OF = datetime(2026, 11, 30, 3, tzinfo=UTC)


def make_half_uploaded() -> str:
    """Make an upload that by its row has not ended, and by the store has."""
    video = make_video()
    upload = Upload.objects.create(
        video=video,
        project=video.project,
        length_bytes=6,
        lease_expires_at=timezone.now() - timedelta(hours=1),
        status=RECEIVING,
    )
    name = layout.source_name(video.project_id, video.pk, upload.pk)
    storage.save_bytes(name, b"source")
    return name


def test_what_came_since_is_spared_and_the_time_without_rows_is_noted() -> None:
    name = make_half_uploaded()
    (spared,) = note_put_back(AS_OF, by=reviewer_of_house())
    assert spared.startswith("upload upl_")
    assert release_stale_uploads() == 0
    assert storage.exists(name)
    (replaced,) = find_replaced()
    assert replaced.taken_at == AS_OF.timestamp()


def test_a_scheduler_that_has_seen_later_rows_notices_it_before_its_first_turn(settings: Any) -> None:
    config = settings.GILFOYLE
    name = make_half_uploaded()
    record("settings.changed", object_type="settings", object_id="", data={})
    keep_checkpoints(config=config)
    before = AuditEntry.objects.latest("at").at
    folder = witness_folder(config)
    ahead = AuditHead.objects.get().seq + 5
    witness.add_marks(folder, [Mark("checkpoint", Link(ahead, "f" * 64), "2026-11-30T14:00:00Z")])
    begin_acting(config)["stale_uploads"]()
    assert storage.exists(name)
    (replaced,) = find_replaced()
    assert abs(replaced.taken_at - before.timestamp()) < 1
    assert not note_if_older(folder, by=reviewer_of_house()), "once is enough"


def test_rows_that_are_as_new_as_the_second_copy_are_no_older_ones(settings: Any, tmp_path: Path) -> None:
    assert not note_if_older(tmp_path / "none", by=reviewer_of_house())
    record("settings.changed", object_type="settings", object_id="", data={})
    keep_checkpoints(config=settings.GILFOYLE)
    assert not note_if_older(witness_folder(settings.GILFOYLE), by=reviewer_of_house())
    assert find_replaced() == []
