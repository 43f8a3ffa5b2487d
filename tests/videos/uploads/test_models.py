import pytest
from django.utils import timezone

from tests.factories import make_video
from videos.uploads.models import Upload

pytestmark = pytest.mark.django_db


def test_an_upload_begins_receiving_and_holds_more_than_two_gigabytes() -> None:
    upload = Upload.objects.create(video=make_video(), length_bytes=2**40, lease_expires_at=timezone.now())
    kept = Upload.objects.get(pk=upload.pk)
    assert (kept.status, kept.offset_bytes, kept.length_bytes) == ("receiving", 0, 2**40)
    assert str(kept) == upload.pk
    assert upload.pk.startswith("upl_")
