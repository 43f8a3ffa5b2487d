from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gilfoyle.lib import storage
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.storage_listing import remove_objects
from gilfoyle.stores import surveying
from gilfoyle.stores.collecting import REMOVED_AT_ONCE, find_orphans, remove_orphans
from gilfoyle.stores.errors import RowsAreOlder, TooManyOrphans
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.surveying import Survey
from tests.bucket import own_bucket
from tests.factories import make_rendition, make_video
from tests.gilfoyle.stores.stored import look, make_stored, segment_of
from videos.audit.services import record
from videos.catalog.canary import ensure_canary
from videos.catalog.models import RenditionRun, Video
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db


def collect(*, meanwhile: Any = None, grace_s: float = -60.0) -> tuple[set[str], int]:
    """Find orphans, let something happen, and remove them; returns what was found, and how many are gone."""
    with Inventory() as inventory:
        survey = Survey(inventory, lambda _what, _count: None, grace_s=grace_s)
        found = {one.name for one in find_orphans(survey)}
        if meanwhile is not None:
            meanwhile()
        return found, sum(one.objects for one in remove_orphans(survey))


@pytest.mark.parametrize("kind", ["filesystem", "s3"])
def test_orphans_go_and_nothing_else_does(kind: str, settings: Any) -> None:
    if kind == "s3":
        with own_bucket(settings):
            check_orphans_go()
    else:
        check_orphans_go()


def check_orphans_go() -> None:
    video, gone = make_stored(), make_stored()
    storage.save_bytes(segment_of(video, 7), b"late")
    storage.save_bytes("theirs/file", b"theirs")
    Video.objects.filter(pk=gone.pk).delete()
    found, count = collect()
    assert len(found) == count == 8
    found_after, survey = look()
    assert found_after == {"theirs/file": "foreign"}
    assert survey.objects == 8


def test_what_got_a_row_meanwhile_stays() -> None:
    video = make_stored()
    storage.save_bytes(segment_of(video, 2), b"new")

    def record() -> None:
        run = RenditionRun.objects.get()
        run.sizes = [*run.sizes, 3]
        run.save()

    found, count = collect(meanwhile=record)
    assert (found, count) == ({segment_of(video, 2)}, 0)
    assert storage.exists(segment_of(video, 2))


def test_what_came_meanwhile_is_not_removed_with_the_rest() -> None:
    video = make_stored()
    storage.save_bytes(segment_of(video, 7), b"late")
    found, count = collect(meanwhile=lambda: storage.save_bytes(segment_of(video, 8), b"later"))
    assert (len(found), count) == (1, 1)
    assert storage.exists(segment_of(video, 8))


def test_what_was_written_again_meanwhile_is_young(media_dir: Path) -> None:
    video = make_stored()
    storage.save_bytes(segment_of(video, 7), b"late")
    with Inventory() as inventory:
        survey = Survey(inventory, lambda _what, _count: None, grace_s=-60.0)
        assert len(list(find_orphans(survey))) == 1
        survey.grace_s = 3600.0
        assert [one.objects for one in remove_orphans(survey)] == [0]
    assert (media_dir / segment_of(video, 7)).is_file()


def test_a_link_that_takes_a_folder_s_place_leads_nowhere(
    media_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = make_stored()
    Video.objects.filter(pk=gone.pk).delete()
    outside = tmp_path / "outside"

    def swap_then_remove(store: Any, objects: Any) -> list[str]:
        folder = media_dir / "renditions" / gone.project_id
        if not folder.is_symlink():
            folder.rename(outside)
            folder.symlink_to(outside)
        return remove_objects(store, objects)

    monkeypatch.setattr("gilfoyle.stores.collecting.remove_objects", swap_then_remove)
    found, count = collect()
    assert (len(found), count) == (7, 2), "the source and the text alone"
    assert (outside / gone.pk / gone.revision / "v360" / "00000.m4s").is_file()


def find(*, even_so: bool = False) -> set[str]:
    with Inventory() as inventory:
        survey = Survey(inventory, lambda _what, _count: None, grace_s=-60.0)
        return {one.name for one in find_orphans(survey, even_so=even_so)}


def test_a_database_that_knows_nobody_empties_no_store() -> None:
    assert find() == set(), "there is nothing to lose yet"
    gone = make_stored()
    Video.objects.filter(pk=gone.pk).delete()
    ensure_canary(root_secret=b"x" * 32)  # each database has it
    with pytest.raises(TooManyOrphans, match="knows no video"):
        find()
    assert len(find(even_so=True)) == 7


def test_a_database_of_another_time_empties_no_store(monkeypatch: pytest.MonkeyPatch) -> None:
    make_stored()
    gone = [make_stored() for _ in range(3)]
    Video.objects.filter(pk__in=[one.pk for one in gone]).delete()
    looked: list[str] = []
    look_again = surveying.look_again

    def count(kind: str, doubted: Any, *, grace_s: float) -> Any:
        looked.extend(doubted)
        return look_again(kind, doubted, grace_s=grace_s)

    monkeypatch.setattr(surveying, "look_again", count)
    monkeypatch.setattr(surveying, "MOST_DOUBTED", 1)
    with pytest.raises(TooManyOrphans, match="a tenth of 28"):
        find()
    assert len(looked) == 1, "it ends as soon as it is seen"


def test_of_who_has_nothing_in_the_store_no_row_is_read() -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            video = make_video(status="ready", source_upload_id="lost")
            make_rendition(video, runs=[SegmentRun(0, 0, (1, 1), (3, 3))])
        with CaptureQueriesContext(connection) as queries:
            assert find() == set()
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert not [one for one in queries.captured_queries if "sizes" in one["sql"]]


def test_many_orphans_cost_no_more_queries_than_one() -> None:
    make_stored()
    counts = []
    for owners in (1, REMOVED_AT_ONCE):
        for _ in range(owners):
            storage.save_bytes(f"tracks/p/{random_text(8)}/t.vtt", b"WEBVTT")
        with CaptureQueriesContext(connection) as queries:
            assert len(collect()[0]) == owners
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_came_between_a_backup_and_its_restore_is_not_nobody_s() -> None:
    for _ in range(2):
        video = make_stored()
    storage.save_bytes(segment_of(video, 7), b"late")
    assert find() == {segment_of(video, 7)}
    taken_at = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    record("backup.restored", object_type="backup", object_id="b", data={"taken_at": taken_at})
    with pytest.raises(RowsAreOlder, match="between a backup and the restore"):
        find()
    assert find(even_so=True) == {segment_of(video, 7)}


def test_a_source_of_a_video_that_was_never_known_is_not_nobody_s() -> None:
    """Rows of 03:00 were put back by other programs: no audit tells of it, and few videos came since."""
    for _ in range(10):
        make_stored()
    come_since = make_stored()
    Video.objects.filter(pk=come_since.pk).delete()
    with pytest.raises(RowsAreOlder, match="is a source, and the database never knew its video") as refused:
        find()
    assert "adopt rows --as-of" in refused.value.hint
    assert len(find(even_so=True)) == 7


def test_many_unknown_owners_cost_no_more_queries_than_one() -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            storage.save_bytes(f"tracks/p/{random_text(8)}/t.vtt", b"WEBVTT")
        with CaptureQueriesContext(connection) as queries:
            look(grace_s=3600.0)  # too young to be looked at again
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_grace_of_a_day_keeps_what_is_new() -> None:
    gone = make_stored()
    Video.objects.filter(pk=gone.pk).delete()
    assert collect(grace_s=24 * 3600.0) == (set(), 0)
    assert storage.exists(segment_of(gone))
