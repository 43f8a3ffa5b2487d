from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.storage_listing import remove_objects
from gilfoyle.stores.collecting import find_orphans, remove_orphans, require_few
from gilfoyle.stores.errors import TooManyOrphans
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.surveying import Survey
from tests.bucket import own_bucket
from tests.gilfoyle.stores.stored import look, make_stored, segment_of
from videos.catalog.models import RenditionRun, Video

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


def test_a_database_of_another_time_empties_no_store() -> None:
    survey = Survey(Inventory(), lambda _what, _count: None, objects=1001)
    survey.counts["orphan"] = 100
    require_few(survey)
    survey.counts["orphan"] = 101
    with pytest.raises(TooManyOrphans, match="101 of 1,001"):
        require_few(survey)


def test_a_grace_of_a_day_keeps_what_is_new() -> None:
    gone = make_stored()
    Video.objects.filter(pk=gone.pk).delete()
    assert collect(grace_s=24 * 3600.0) == (set(), 0)
    assert storage.exists(segment_of(gone))
