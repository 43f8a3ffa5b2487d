import os
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gilfoyle.lib import storage
from gilfoyle.lib.storage_listing import list_objects, list_store
from gilfoyle.stores import surveying
from tests.bucket import own_bucket
from tests.gilfoyle.stores.stored import look, make_stored, segment_of
from videos import layout
from videos.catalog.canary import ensure_canary
from videos.catalog.models import RenditionRun, Video
from videos.catalog.services import delete_video
from videos.catalog.source_keys import prepare_key
from videos.catalog.stored_sources import name_of, store_source

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["filesystem", "s3"])
def store(request: pytest.FixtureRequest, settings: Any) -> Any:
    if request.param == "filesystem":
        yield request.param
        return
    with own_bucket(settings):
        yield request.param


def test_what_is_whole_is_found_whole() -> None:
    make_stored()
    make_stored("processing")
    found, survey = look(with_checksums=True)
    assert found == {}
    assert (survey.objects, survey.counts["named"], survey.hashed) == (14, 14, 2)


def test_missing_corrupt_orphaned_and_foreign_objects_are_found(store: str) -> None:
    del store
    video, gone = make_stored(), make_stored()
    storage.delete(segment_of(video, 0))
    storage.save_bytes(segment_of(video, 1), b"longer than it was")
    storage.save_bytes(segment_of(video, 7), b"late")
    storage.save_bytes("sources/other.program", b"theirs")
    Video.objects.filter(pk=gone.pk).delete()
    found, survey = look()
    of_gone = {name for name in found if gone.pk in name}
    assert len(of_gone) == 7
    assert {found.pop(name) for name in of_gone} == {"orphan"}
    assert found == {
        segment_of(video, 0): "missing",
        segment_of(video, 1): "corrupt",
        segment_of(video, 7): "orphan",
        "sources/other.program": "foreign",
    }
    assert survey.counts["orphan"] == 8


def test_a_video_without_any_object_misses_all_of_them() -> None:
    video = make_stored()
    storage.delete_folder(layout.sources_folder(video.project_id, video.pk))
    storage.delete_folder(layout.video_folder(video.project_id, video.pk))
    storage.delete_folder(layout.tracks_folder(video.project_id, video.pk))
    found, _ = look()
    assert set(found.values()) == {"missing"}
    assert len(found) == 7


def test_many_videos_that_miss_something_cost_no_more_queries_than_one() -> None:
    counts = []
    for _ in range(2):
        for _ in range(3):
            storage.delete(segment_of(make_stored(), 0))
        with CaptureQueriesContext(connection) as queries:
            assert set(look()[0].values()) == {"missing"}
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_what_is_doubted_is_looked_at_again_in_parts_where_it_is_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        storage.delete(segment_of(make_stored(), 0))
    found, survey = look()
    monkeypatch.setattr(surveying, "MOST_DOUBTED", 0)
    again, one_by_one = look()
    assert (found, survey.counts) == (again, one_by_one.counts)
    assert len(found) == 3


def test_a_link_of_an_object_s_name_is_no_object(media_dir: Path, tmp_path: Path) -> None:
    video = make_stored()
    for name, target in ((name_of(video), tmp_path / "gone"), (segment_of(video), tmp_path)):
        (media_dir / name).unlink()
        (media_dir / name).symlink_to(target)
    found, survey = look()
    assert found == {name_of(video): "missing", segment_of(video): "missing"}
    assert survey.counts["foreign"] == 2


def test_a_name_without_bytes_shows_in_the_checksum(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_stored()

    def lose(_video: Video) -> Any:
        raise storage.ObjectMissing("A stored object is missing.", name=name_of(video))

    monkeypatch.setattr("gilfoyle.stores.surveying.open_source", lose)
    assert look(with_checksums=True)[0] == {name_of(video): "corrupt"}
    storage.delete(name_of(video))
    assert look(with_checksums=True)[0] == {name_of(video): "missing"}


def test_a_changed_byte_shows_in_the_checksum_alone() -> None:
    video = make_stored()
    storage.save_bytes(name_of(video), b"sourcE")
    assert look()[0] == {}
    assert look(with_checksums=True)[0] == {name_of(video): "corrupt"}


def test_sealed_sources_are_compared_as_they_were(settings: Any) -> None:
    video = make_stored()
    settings.GILFOYLE = settings.GILFOYLE.model_copy(
        update={"storage": settings.GILFOYLE.storage.model_copy(update={"encrypt_sources": "always"})}
    )
    key = prepare_key(name=name_of(video), video_id=video.pk, config=settings.GILFOYLE)
    store_source(name_of(video), [b"source"], key=key)
    Video.objects.update(source_is_sealed=True)
    found, survey = look(with_checksums=True)
    assert (found, survey.hashed) == ({}, 1)
    stored = storage.open_ranges(name_of(video))
    data = bytearray(stored.read(0, stored.size_bytes))
    data[40] ^= 1
    storage.save_bytes(name_of(video), bytes(data))
    assert look(with_checksums=True)[0] == {name_of(video): "corrupt"}


def test_what_is_young_is_not_called_an_orphan() -> None:
    video = make_stored()
    storage.save_bytes(segment_of(video, 7), b"just now")
    found, survey = look(grace_s=3600.0)
    assert (found, survey.counts["young"]) == ({}, 1)


def test_an_old_file_under_a_new_name_is_young(media_dir: Path) -> None:
    video = make_stored()
    old = media_dir / segment_of(video, 0)
    os.utime(old, (0, 0))
    storage.copy_object(segment_of(video, 0), segment_of(video, 7))
    found, survey = look(grace_s=3600.0)
    assert (found, survey.counts["young"]) == ({}, 1)


def test_what_is_stored_and_recorded_while_it_looks_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_stored()

    def list_then_store(store: Any, prefix: str = "") -> Any:
        yield from list_store(store, prefix)
        if not prefix:
            storage.save_bytes(segment_of(video, 2), b"new")
            run = RenditionRun.objects.get()
            run.sizes = [*run.sizes, 3]
            run.save()

    monkeypatch.setattr("gilfoyle.stores.surveying.list_store", list_then_store)
    assert look()[0] == {}


def test_what_is_stored_while_it_looks_again_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_stored()
    storage.delete(segment_of(video, 0))

    def list_then_store(prefix: str = "") -> Any:
        yield from list_objects(prefix)
        run = RenditionRun.objects.get()
        if prefix.startswith("renditions") and len(run.sizes) == 2:
            storage.save_bytes(segment_of(video, 2), b"new")
            run.sizes = [*run.sizes, 3]
            run.save()

    monkeypatch.setattr("gilfoyle.stores.surveying.list_objects", list_then_store)
    assert look()[0] == {segment_of(video, 0): "missing"}


def test_what_is_removed_while_it_looks_again_is_not_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_stored()
    storage.delete(segment_of(video, 0))
    listed = list_objects

    def list_then_delete(prefix: str = "") -> Any:
        yield from listed(prefix)
        if prefix:
            delete_video(video=video)
            monkeypatch.setattr("gilfoyle.stores.surveying.list_objects", listed)

    monkeypatch.setattr("gilfoyle.stores.surveying.list_objects", list_then_delete)
    assert look()[0] == {}


def test_objects_of_a_video_in_another_project_s_folder_are_orphans() -> None:
    video = make_stored()
    strange = name_of(video).replace(video.project_id, "elsewhere")
    storage.save_bytes(strange, b"source")
    assert look()[0] == {strange: "orphan"}


def test_links_are_not_followed_but_right_below_the_store(media_dir: Path, tmp_path: Path) -> None:
    video = make_stored()
    (media_dir / "renditions").rename(tmp_path / "disk")
    (media_dir / "renditions").symlink_to(tmp_path / "disk")
    assert look()[0] == {}
    outside = tmp_path / "outside"
    outside.write_bytes(b"passwd")
    link = media_dir / segment_of(video, 7)
    link.symlink_to(outside)
    folder = media_dir / "sources" / "elsewhere"
    folder.symlink_to(tmp_path)
    found, _ = look()
    assert found == {segment_of(video, 7): "foreign", "sources/elsewhere": "foreign"}


def test_the_canary_is_well(settings: Any) -> None:
    ensure_canary(root_secret=settings.GILFOYLE_ROOT_SECRET)
    assert look()[0] == {}


def test_what_self_tests_left_is_an_orphan_and_what_is_unfinished_is_not() -> None:
    for name in ("doctor/abc", "selftest/abc", "incoming/abc"):
        storage.save_bytes(name, b"1")
    found, survey = look()
    assert found == {"doctor/abc": "orphan", "selftest/abc": "orphan"}
    assert survey.counts["kept"] == 1
