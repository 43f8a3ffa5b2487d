from typing import Any

import pytest

from gilfoyle.lib import storage
from tests.factories import make_video
from videos import layout
from videos.catalog import states
from videos.catalog.images import add_image_set
from videos.catalog.models import ImageSet, Video

pytestmark = pytest.mark.django_db


def add(video: Video, version: int, size_bytes: int, kind: str = "poster", **facts: Any) -> str:
    """Store and record a picture; return its name."""
    folder = layout.image_folder(video.project_id, video.pk, video.revision, kind, version)
    storage.save_bytes(f"{folder}/{kind}.jpg", b"picture")
    add_image_set(
        video_id=video.pk,
        revision=video.revision,
        kind=kind,
        version=version,
        size_bytes=size_bytes,
        facts=facts,
    )
    return f"{folder}/{kind}.jpg"


def test_pictures_of_a_kind_are_recorded_once() -> None:
    video = make_video(status=states.PROCESSING, stored_bytes=10)
    add(video, 1, 5, formats=["jpg"])
    add(video, 1, 6, formats=["jpg", "webp"])
    add(video, 1, 100, kind="storyboard")
    poster = ImageSet.objects.get(video=video, kind="poster")
    assert (poster.version, poster.size_bytes, poster.facts) == (1, 6, {"formats": ["jpg", "webp"]})
    assert Video.objects.get(pk=video.pk).stored_bytes == 10 + 6 + 100


def test_pictures_of_an_older_revision_count_nothing() -> None:
    video = make_video(status=states.READY, stored_bytes=10)
    add_image_set(video_id=video.pk, revision="older", kind="poster", version=1, size_bytes=5)
    assert Video.objects.get(pk=video.pk).stored_bytes == 10


def test_a_newer_version_leaves_the_one_before_until_the_next(
    django_capture_on_commit_callbacks: Any,
) -> None:
    video = make_video(status=states.READY, stored_bytes=0)
    names = []
    for version in (1, 3, 4):
        with django_capture_on_commit_callbacks(execute=True):
            names.append(add(video, version, version * 10))
    assert [storage.exists(name) for name in names] == [False, True, True]
    poster = ImageSet.objects.get(video=video)
    assert (poster.version, poster.size_bytes) == (4, 40)
    assert Video.objects.get(pk=video.pk).stored_bytes == 30 + 40
    add(video, 4, 41)
    assert Video.objects.get(pk=video.pk).stored_bytes == 30 + 41


def test_a_poster_of_the_time_before_versions_takes_nothing_else_with_it(
    django_capture_on_commit_callbacks: Any,
) -> None:
    video = make_video(status=states.READY)
    names = []
    for version in (0, 1, 2):
        with django_capture_on_commit_callbacks(execute=True):
            names.append(add(video, version, 1))
    assert [storage.exists(name) for name in names] == [True, True, True]
