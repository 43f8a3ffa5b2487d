from __future__ import annotations

import pytest

from gilfoyle.lib import storage
from tests.factories import make_project
from videos.access.internal import CANARY_PROJECT_ID
from videos.access.models import Project
from videos.catalog.canary import NAMES, RENDITION, REVISION, SIZE_BYTES, VIDEO_ID, ensure_canary
from videos.catalog.content_keys import find_cipher, find_rendition_key
from videos.catalog.models import Video
from videos.catalog.sealed_pictures import read_picture

pytestmark = pytest.mark.django_db
SECRET = b"r" * 32


def test_it_is_made_once_and_mended() -> None:
    canary = ensure_canary(root_secret=SECRET)
    assert ensure_canary(root_secret=SECRET) == canary
    assert Video.objects.filter(project=CANARY_PROJECT_ID).count() == 1
    storage.delete(canary.segment)
    storage.save_bytes(canary.source, b"something else")
    assert ensure_canary(root_secret=SECRET) == canary
    for name in (canary.segment, canary.init, canary.source):
        with storage.open_stored(name) as stored:
            data = stored.read()
        assert data.startswith(canary.mark)
        assert len(data) == SIZE_BYTES
    cipher = find_cipher(video_id=VIDEO_ID, revision=REVISION, root_secret=SECRET)
    assert read_picture(canary.poster, cipher).startswith(canary.mark)


def test_its_key_is_made_anew_under_another_secret() -> None:
    def key(secret: bytes) -> bytes | None:
        return find_rendition_key(
            video_id=VIDEO_ID, revision=REVISION, rendition=RENDITION, root_secret=secret
        )

    ensure_canary(root_secret=SECRET)
    first = key(SECRET)
    ensure_canary(root_secret=SECRET)
    assert key(SECRET) == first
    ensure_canary(root_secret=b"s" * 32)
    assert key(b"s" * 32) not in {first, None}


def test_a_project_of_its_name_is_left_alone() -> None:
    taken = make_project(NAMES[CANARY_PROJECT_ID])
    ensure_canary(root_secret=SECRET)
    assert Project.objects.get(pk=CANARY_PROJECT_ID).name != taken.name
