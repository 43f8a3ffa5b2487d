from __future__ import annotations

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.config import TextSettings
from gilfoyle.lib.sealed_chunks import SealBroken
from gilfoyle.lib.wrapped_keys import KeyUnusable
from tests.factories import make_project, make_video
from videos.access.services import set_project_encryption
from videos.catalog.models import Video
from videos.catalog.services import delete_video
from videos.tracks.models import TextTrack, TrackKey
from videos.tracks.selectors import list_playable_tracks
from videos.tracks.services import TrackFacts, add_track, begin_revision, remove_track
from videos.tracks.texts import read_text, save_text

pytestmark = pytest.mark.django_db
SRT = b"1\n00:00:01,000 --> 00:00:02,000\nWhat nobody else may read\n"
NAME = "tracks/p/v/trk_1.vtt"


def stored(name: str) -> bytes:
    with storage.open_stored(name) as file:
        return file.read()


def add(video: Video) -> TextTrack:
    return add_track(video=video, data=SRT, facts=TrackFacts("subtitles", "en"), limits=TextSettings())


def encrypted_video() -> Video:
    project = make_project()
    set_project_encryption(project=project, encryption="on")
    project.refresh_from_db()
    return make_video(project, status="ready")


def read(video: Video, track: TextTrack) -> bytes | None:
    (found,) = [one for one in list_playable_tracks(video.pk, video.revision) if one.id == track.pk]
    return read_text(
        found.stored_name, track_id=found.id, size_bytes=found.size_bytes, is_encrypted=found.is_encrypted
    )


def stored_name(video: Video) -> str:
    return list_playable_tracks(video.pk, video.revision)[0].stored_name


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_a_track_is_stored_as_its_project_wants_and_read_alike(*, is_encrypted: bool) -> None:
    video = encrypted_video() if is_encrypted else make_video(status="ready")
    track = add(video)
    assert track.is_encrypted is is_encrypted
    assert (b"nobody else" in stored(stored_name(video))) is not is_encrypted
    text = read(video, track)
    assert text is not None
    assert b"What nobody else may read" in text
    assert len(text) == track.size_bytes


def test_each_track_has_a_key_of_its_own_that_the_row_alone_does_not_tell() -> None:
    video = encrypted_video()
    one, other = add(video), add(video)
    first, second = (bytes(TrackKey.objects.get(pk=track.pk).wrapped) for track in (one, other))
    assert first != second
    TrackKey.objects.filter(pk=one.pk).update(wrapped=second)
    with pytest.raises(KeyUnusable):
        read(video, one)


def test_what_was_changed_is_not_read() -> None:
    video = encrypted_video()
    track = add(video)
    name = stored_name(video)
    changed = bytearray(stored(name))
    changed[-1] ^= 1
    for data in (bytes(changed), SRT):
        storage.save_bytes(name, data)
        with pytest.raises(SealBroken):
            read(video, track)


@pytest.mark.parametrize("end", ["deleted", "removed"])
def test_with_its_video_or_its_row_a_text_is_unreadable(end: str) -> None:
    video = encrypted_video()
    track, kept = add(video), encrypted_video()
    add(kept)
    if end == "deleted":
        delete_video(video=video)
        assert read(video, track) is None
        assert stored(stored_name(video))  # the sweep has not been here yet
    else:
        remove_track(track=track)
    assert set(TrackKey.objects.values_list("video_id", flat=True)) == {kept.pk}


def test_a_new_revision_keeps_uploaded_texts_readable() -> None:
    video = encrypted_video()
    track = add(video)
    begin_revision(video_id=video.pk)
    assert read(video, track) is not None


def test_a_track_that_can_t_be_recorded_leaves_no_key() -> None:
    video = encrypted_video()
    Video.objects.filter(pk=video.pk).update(status="deleting")
    with pytest.raises(Exception, match="being deleted"):
        add(video)
    assert not TrackKey.objects.exists()


def test_in_the_clear_there_is_no_key() -> None:
    assert save_text(NAME, b"WEBVTT", is_encrypted=False) is None
    assert stored(NAME) == b"WEBVTT"
    assert save_text(NAME, b"WEBVTT", is_encrypted=True) is not None
    assert b"WEBVTT" not in stored(NAME)
