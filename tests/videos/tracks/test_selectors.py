import pytest

from tests.factories import make_video
from videos.catalog.models import Video
from videos.errors import TrackNotFound
from videos.tracks.models import TextTrack
from videos.tracks.selectors import get_track, list_playable_tracks, list_tracks

pytestmark = pytest.mark.django_db


def make_track(video: Video, label: str, revision: str = "") -> TextTrack:
    source = "embedded" if revision else "uploaded"
    facts = {"kind": "subtitles", "language": "en", "cue_count": 1, "size_bytes": 1}
    return TextTrack.objects.create(video=video, source=source, revision=revision, label=label, **facts)


def test_tracks_are_those_that_were_uploaded_and_those_of_the_revision() -> None:
    video, other = make_video(), make_video()
    embedded = make_track(video, "embedded", video.revision)
    old = make_track(video, "old", "anotherRevision1")
    uploaded = make_track(video, "uploaded")
    foreign = make_track(other, "foreign")
    assert list(list_tracks(video=video)) == [uploaded, embedded]
    playable = list_playable_tracks(video.pk, video.revision)
    assert [track.id for track in playable] == [uploaded.pk, embedded.pk]
    assert playable[0].stored_name == f"tracks/{video.project_id}/{video.pk}/{uploaded.pk}.vtt"
    assert playable[1].stored_name.endswith(f"{video.revision}/text/{embedded.pk}.vtt")
    assert get_track(video=video, track_id=uploaded.pk) == uploaded
    for unknown in (old.pk, foreign.pk, "trk_", "x\0"):
        with pytest.raises(TrackNotFound):
            get_track(video=video, track_id=unknown)
