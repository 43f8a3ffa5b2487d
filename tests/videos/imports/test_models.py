import pytest
from django.db import IntegrityError, transaction

from tests.factories import make_video
from videos.imports.models import Import

pytestmark = pytest.mark.django_db


def test_a_video_has_one_import_at_a_time() -> None:
    video = make_video()
    for status in ("failed", "cancelled", "finished", "waiting"):
        Import.objects.create(video=video, source_url="https://a.example/", status=status)
    with pytest.raises(IntegrityError), transaction.atomic():
        Import.objects.create(video=video, source_url="https://a.example/", status="fetching")


def test_the_query_of_an_address_is_not_shown() -> None:
    one = Import(source_url="https://a.example/clip.mp4?signature=secret")
    assert one.shown_url == "https://a.example/clip.mp4"


def test_progress_is_known_once_the_length_is() -> None:
    assert Import(received_bytes=5).percent is None
    assert Import(received_bytes=5, size_bytes=20).percent == 25
    assert str(Import(id="imp_1")) == "imp_1"
