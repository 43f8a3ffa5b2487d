from __future__ import annotations

import dataclasses

import pytest

from gilfoyle.lib import storage
from streaming import text_tracks
from streaming.errors import MediaNotFound
from streaming.text_tracks import MAX_TEXT_BYTES, find_track, get_cues, get_tracks, size_in_memory
from tests.streaming.clip import store_track, store_video
from videos.access.services import set_project_encryption
from videos.tracks.cues import Cue
from videos.tracks.models import TrackKey


def test_tracks_are_found_and_read(video):
    track = store_track(video, (1, 2, "Hello"), label="English")
    (found,) = get_tracks(video.pk, video.revision)
    assert found == find_track(video.pk, video.revision, track.pk)
    assert (found.id, found.label) == (track.pk, "English")
    assert get_cues(found) == (Cue(1000, 2000, "Hello"),)
    storage.delete(found.stored_name)
    assert get_cues(found) == (Cue(1000, 2000, "Hello"),)  # kept: it never changes
    text_tracks.forget()
    with pytest.raises(MediaNotFound):
        get_cues(found)


def test_a_text_that_is_too_large_to_be_kept_pushes_out_no_other(video, monkeypatch):
    track = store_track(video, (1, 2, "Hello"))
    (found,) = get_tracks(video.pk, video.revision)
    assert size_in_memory((Cue(0, 1, "a" * 5000),)) > 5000
    large = (Cue(0, 1, "a" * MAX_TEXT_BYTES),)
    assert get_cues(found)
    monkeypatch.setattr(text_tracks, "_read", lambda _name: large)
    other = dataclasses.replace(found, id="trk_other")
    assert get_cues(other) == large
    assert get_cues(dataclasses.replace(found, id=track.pk)) == (Cue(1000, 2000, "Hello"),)
    assert not text_tracks._texts.has(other.id)


def test_other_tracks_are_not(video):
    track = store_track(video, (1, 2, "Hello"))
    for revision, track_id in ((video.revision, "trk_" + "a" * 18), (video.revision, "")):
        with pytest.raises(MediaNotFound):
            find_track(video.pk, revision, track_id)
    assert find_track(video.pk, "another", track.pk)  # an uploaded one goes with every revision


@pytest.mark.django_db
def test_an_encrypted_text_is_read_by_its_key_alone():
    video = store_video()
    set_project_encryption(project=video.project, encryption="on")
    video.project.refresh_from_db()
    store_track(video, (1, 2, "Hello"))
    (found,) = get_tracks(video.pk, video.revision)
    assert found.is_encrypted
    assert get_cues(found) == (Cue(1000, 2000, "Hello"),)
    text_tracks.forget()
    TrackKey.objects.all().delete()
    with pytest.raises(MediaNotFound):
        get_cues(found)


@pytest.mark.django_db
def test_the_text_of_an_encrypted_video_stays_in_no_memory(monkeypatch):
    video = store_video()
    set_project_encryption(project=video.project, encryption="on")
    video.project.refresh_from_db()
    store_track(video, (1, 2, "Hello"))
    (found,) = get_tracks(video.pk, video.revision)
    assert get_cues(found)
    assert len(text_tracks._timers) == 1  # whether anybody asks again or not
    text_tracks.forget_sealed()
    assert text_tracks._sealed_texts.has(found.id)  # not yet
    monkeypatch.setattr(text_tracks, "SEALED_AGE_S", 0.0)
    text_tracks.forget_sealed()
    assert not text_tracks._sealed_texts.has(found.id)
    assert not text_tracks._texts.has(found.id)
