from __future__ import annotations

import dataclasses

import pytest

from gilfoyle.lib import storage
from streaming import text_tracks
from streaming.errors import MediaNotFound
from streaming.text_tracks import MAX_TEXT_BYTES, find_track, get_cues, get_tracks, size_in_memory
from tests.streaming.clip import store_track
from videos.tracks.cues import Cue


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
