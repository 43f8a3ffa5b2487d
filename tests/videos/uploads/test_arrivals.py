from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.factories import Account
from tests.videos.uploads.test_granting import grant
from tests.videos.uploads.test_resumable import append, create
from videos.uploads.models import UploadGrant
from videos.uploads.permits import permit_of_grant

pytestmark = pytest.mark.django_db


def test_an_address_notes_that_its_file_is_there(
    account: Account, media_dir: Path, django_capture_on_commit_callbacks: Any
) -> None:
    given, other = grant(account), grant(account)
    permit = permit_of_grant(given, settings.GILFOYLE)
    upload = create(permit, 6)
    append(permit, upload, b"abc")
    assert not UploadGrant.objects.filter(arrived_at__isnull=False).exists()
    with django_capture_on_commit_callbacks(execute=True):
        append(permit, upload, b"def", 3)
    assert UploadGrant.objects.get(arrived_at__isnull=False) == given
    assert UploadGrant.objects.get(arrived_at=None) == other
