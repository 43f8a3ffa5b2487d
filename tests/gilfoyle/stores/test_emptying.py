from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.storage_listing import remove_objects
from gilfoyle.stores import emptying
from gilfoyle.stores.emptying import empty
from gilfoyle.stores.errors import StoresAreOne
from tests.bucket import use_stores
from tests.gilfoyle.stores.moves import MOVED, TEXT, begin, fill, folder_store, hashes, plan
from tests.gilfoyle.stores.stored import make_stored, segment_of
from videos.audit.services import record
from videos.catalog.models import Video
from videos.catalog.services import delete_video

pytestmark = pytest.mark.django_db
NOW = -60.0  # as a grace: all is old enough


@pytest.fixture
def new(settings: Any, tmp_path: Path) -> dict[str, Any]:
    fill(settings)
    return folder_store(tmp_path)


def test_what_changes_while_it_is_compared_stays_and_is_told(
    new: dict[str, Any], settings: Any, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert begin(settings, new).copy()

    def change_then_remove(store: Any, objects: Any) -> list[str]:
        (media_dir / TEXT).write_bytes(b"changed")
        return remove_objects(store, objects)

    monkeypatch.setattr(emptying, "remove_objects", change_then_remove)
    last = plan(settings, is_last=True)
    assert not empty(last)
    assert (last.counts["removed"], last.counts["different"]) == (6, 1)
    assert (media_dir / TEXT).read_bytes() == b"changed"


def test_that_the_stores_are_two_is_seen_before_each_removal(
    new: dict[str, Any], settings: Any, media_dir: Path, tmp_path: Path
) -> None:
    move = begin(settings, new)
    assert move.copy()
    before = hashes("main")
    (tmp_path / "new").rename(tmp_path / "away")
    (tmp_path / "new").symlink_to(media_dir)  # mounted anew, at the wrong place
    with pytest.raises(StoresAreOne):
        empty(move)
    assert hashes("main") == before


def move_away(settings: Any, new: dict[str, Any]) -> tuple[Video, Video]:
    """Move two videos, end the move, and let the new store lose the first segment of both."""
    videos = make_stored(), make_stored()
    use_stores(settings)
    assert begin(settings, new).copy()
    use_stores(settings, others=[new], **{**MOVED, "also_read": ""})
    for video in videos:
        storage.delete(segment_of(video))
    return videos


@pytest.fixture
def videos(settings: Any, tmp_path: Path) -> tuple[Video, Video]:
    return move_away(settings, folder_store(tmp_path))


def test_what_was_deleted_since_the_move_goes_where_told(videos: tuple[Video, Video], settings: Any) -> None:
    kept, deleted = videos
    delete_video(video=deleted)
    last = plan(settings, is_last=True)
    assert not empty(last, grace_s=NOW)
    assert (last.counts["removed"], last.counts["unnamed"], last.counts["different"]) == (12, 1, 1)
    assert set(hashes("main")) == {segment_of(kept), segment_of(deleted)}
    last = plan(settings, is_last=True)
    assert not empty(last, unnamed_too=True, grace_s=NOW)
    assert (last.counts["removed"], last.counts["unnamed"], last.counts["different"]) == (1, 0, 1)
    assert set(hashes("main")) == {segment_of(kept)}, "a row names it, and nobody else has it"


def test_what_no_row_knows_goes_once_it_is_old(videos: tuple[Video, Video], settings: Any) -> None:
    kept, gone = videos
    Video.objects.filter(pk=gone.pk).delete()
    last = plan(settings, is_last=True)
    assert not empty(last, unnamed_too=True)
    assert set(hashes("main")) == {segment_of(kept), segment_of(gone)}, "it is too young"
    assert not empty(plan(settings, is_last=True), unnamed_too=True, grace_s=NOW)
    assert set(hashes("main")) == {segment_of(kept)}


def test_what_is_held_stays(videos: tuple[Video, Video], settings: Any) -> None:
    Video.objects.update(legal_hold=True)
    Video.objects.filter(pk=videos[1].pk).update(status="deleting")
    assert not empty(plan(settings, is_last=True), unnamed_too=True, grace_s=NOW)
    assert set(hashes("main")) == {segment_of(video) for video in videos}


def test_a_database_that_knows_nobody_lets_nothing_go(videos: tuple[Video, Video], settings: Any) -> None:
    Video.objects.all().delete()
    last = plan(settings, is_last=True)
    assert not empty(last, unnamed_too=True, grace_s=NOW)
    assert set(hashes("main")) == {segment_of(video) for video in videos}


def test_what_came_after_the_backup_that_was_restored_stays(
    videos: tuple[Video, Video], settings: Any
) -> None:
    kept, gone = videos
    taken_at = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    record("backup.restored", object_type="backup", object_id="b", data={"taken_at": taken_at})
    Video.objects.filter(pk=gone.pk).delete()
    assert not empty(plan(settings, is_last=True), unnamed_too=True, grace_s=NOW)
    assert set(hashes("main")) == {segment_of(kept), segment_of(gone)}
