import pytest
from django.db import transaction

from gilfoyle.lib.events import publish
from tests.factories import make_video
from videos.events import VideoDeleted, VideoUploaded
from videos.imports.models import Import

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("event", [VideoUploaded, VideoDeleted])
def test_an_import_ends_with_what_it_was_for(event: type[VideoUploaded] | type[VideoDeleted]) -> None:
    video = make_video(status="processing")
    one = Import.objects.create(video=video, source_url="https://a.example/")
    with transaction.atomic():
        publish(event(video.pk))
    one.refresh_from_db()
    assert one.status == "cancelled"
