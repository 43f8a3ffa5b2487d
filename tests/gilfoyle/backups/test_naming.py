import pytest
from django.core.files.storage import storages

from gilfoyle.backups.naming import Named, is_still_named, named_objects
from gilfoyle.lib import storage
from gilfoyle.lib.storage_listing import list_store
from tests.gilfoyle.stores.stored import SOURCE, make_stored, segment_of
from videos.catalog.models import Video
from videos.catalog.stored_sources import name_of

pytestmark = pytest.mark.django_db


def test_all_that_rows_name_is_named_once() -> None:
    video = make_stored()
    storage.save_bytes(segment_of(video, 9), b"nobody's")
    named = list(named_objects())
    names = [one.name for one in named]
    assert len(names) == len(set(names)) == 7
    assert {one.name for one in list_store(storages["media"])} - set(names) == {segment_of(video, 9)}
    source = next(one for one in named if one.name == name_of(video))
    assert source == Named(name_of(video), len(SOURCE), video.source_sha256)


def test_whether_an_object_is_named_now() -> None:
    video = make_stored()
    assert is_still_named(segment_of(video))
    assert not is_still_named("etc/passwd")
    Video.objects.filter(pk=video.pk).delete()
    assert not is_still_named(segment_of(video))
