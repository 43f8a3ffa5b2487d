import pytest
from django.core.files.storage import storages

from gilfoyle.backups.naming import Named, named_objects, was_deleted
from gilfoyle.lib import storage
from gilfoyle.lib.storage_listing import list_store
from tests.factories import make_video
from tests.gilfoyle.stores.stored import SOURCE, make_stored, make_upload, segment_of
from videos import layout
from videos.catalog.models import Video
from videos.catalog.stored_sources import name_of
from videos.tracks.models import TextTrack
from videos.uploads.models import DirectUpload, Upload

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


def test_a_direct_upload_that_is_put_together_is_named() -> None:
    upload = make_upload(make_video(status="uploading"))
    Upload.objects.update(kind="direct", length_bytes=6, offset_bytes=6)
    name = f"sources/{upload.project_id}/{upload.video_id}/{upload.pk}/source"
    row = DirectUpload.objects.create(upload=upload, name=name, part_size_bytes=6, is_stored=True)
    assert list(named_objects()) == [Named(name, 6)]
    assert not was_deleted(name)
    Upload.objects.update(status="aborted")
    assert was_deleted(name)
    assert list(named_objects()) == []
    Upload.objects.update(status="receiving")
    DirectUpload.objects.filter(pk=row.pk).update(is_stored=False)
    assert list(named_objects()) == []


def test_what_another_took_the_place_of_was_not_deleted() -> None:
    video = make_stored()
    source, (track,) = name_of(video), TextTrack.objects.all()
    text = layout.track_name(video.project_id, video.pk, "", track.pk)
    assert not any(was_deleted(name) for name in (source, segment_of(video), text, "etc/passwd"))
    Video.objects.filter(pk=video.pk).update(source_version="cleaned", revision="r" * 16)
    track.delete()
    assert [was_deleted(name) for name in (source, segment_of(video), text)] == [False, False, True]
    Video.objects.filter(pk=video.pk).update(status="deleting")
    assert was_deleted(source)
    Video.objects.filter(pk=video.pk).delete()
    assert was_deleted(segment_of(video))


def test_of_an_upload_what_it_still_needs_was_not_deleted() -> None:
    upload = make_upload()
    piece = f"uploads/{upload.project_id}/{upload.pk}/piece"
    assert not was_deleted(piece)
    Upload.objects.update(status="finished")
    assert was_deleted(piece)
