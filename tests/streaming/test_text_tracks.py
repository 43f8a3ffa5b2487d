from __future__ import annotations

import pytest

from gilfoyle.lib import storage
from streaming import text_tracks
from streaming.errors import MediaNotFound
from streaming.text_tracks import find_track, get_cues, get_tracks
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


def test_other_tracks_are_not(video):
    track = store_track(video, (1, 2, "Hello"))
    for revision, track_id in ((video.revision, "trk_" + "a" * 18), (video.revision, "")):
        with pytest.raises(MediaNotFound):
            find_track(video.pk, revision, track_id)
    assert find_track(video.pk, "another", track.pk)  # an uploaded one goes with every revision
