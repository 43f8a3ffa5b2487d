import pytest

from tests.factories import make_video
from videos.tracks.models import TextTrack

pytestmark = pytest.mark.django_db


def test_uploaded_tracks_come_first_each_kind_oldest_first() -> None:
    video = make_video()
    for source, label in (("embedded", "c"), ("uploaded", "a"), ("uploaded", "b")):
        TextTrack.objects.create(
            video=video,
            source=source,
            kind="subtitles",
            language="en",
            label=label,
            cue_count=1,
            size_bytes=1,
        )
    tracks = list(TextTrack.objects.all())
    assert [track.label for track in tracks] == ["a", "b", "c"]
    assert str(tracks[0]) == f"a of {video.pk}"
    assert tracks[0].pk.startswith("trk_")
