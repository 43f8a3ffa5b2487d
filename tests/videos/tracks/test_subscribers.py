import pytest
from django.db import transaction

from gilfoyle.lib.events import publish
from tests.factories import make_video
from videos.events import RevisionBegun
from videos.tracks.models import TextTrack

pytestmark = pytest.mark.django_db


def test_a_new_revision_begins_without_the_tracks_of_the_last() -> None:
    video = make_video()
    facts = {"kind": "subtitles", "language": "en", "label": "x", "cue_count": 1, "size_bytes": 1}
    TextTrack.objects.create(video=video, source="embedded", revision=video.revision, **facts)
    with transaction.atomic():
        publish(RevisionBegun(video.pk))
    assert not TextTrack.objects.exists()
