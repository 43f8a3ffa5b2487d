"""A key comes before its object, is the same for whoever writes it, and goes for good."""

from __future__ import annotations

from typing import Any

import pytest

from gilfoyle.lib.sealed_chunks import KEY_BYTES
from gilfoyle.lib.wrapped_keys import KeyUnusable
from tests.bucket import own_bucket
from tests.factories import make_video
from tests.sealing import set_sealing
from tests.threads import run_at_once
from videos.catalog.models import SourceKey
from videos.catalog.services import delete_video
from videos.catalog.source_keys import (
    SourceKeyMissing,
    are_sources_sealed,
    destroy_key,
    destroy_source_keys,
    find_key,
    prepare_key,
)

pytestmark = pytest.mark.django_db(transaction=True)
NAME = "sources/prj/vid/upl/source"


def prepare(settings: Any, name: str = NAME, video_id: str = "vid") -> bytes | None:
    return prepare_key(name=name, video_id=video_id, config=settings.GILFOYLE)


@pytest.mark.usefixtures("media_dir")  # a store with a disk
def test_files_stay_as_they_are_unless_told(settings: Any) -> None:
    assert settings.GILFOYLE.storage.encrypt_sources == "auto"
    assert not are_sources_sealed(settings.GILFOYLE)
    assert prepare(settings) is None
    set_sealing(settings, "always")
    assert are_sources_sealed(settings.GILFOYLE)


def test_what_others_can_read_is_not_trusted_unless_told(settings: Any) -> None:
    changed = settings.GILFOYLE.storage.model_copy(update={"is_public": True})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": changed})
    assert are_sources_sealed(settings.GILFOYLE)
    set_sealing(settings, "never")
    assert not are_sources_sealed(settings.GILFOYLE)


def test_buckets_are_not_trusted_unless_told(settings: Any) -> None:
    with own_bucket(settings):
        assert are_sources_sealed(settings.GILFOYLE)
        set_sealing(settings, "never")
        assert not are_sources_sealed(settings.GILFOYLE)


def test_whoever_writes_an_object_again_writes_it_under_the_same_key(settings: Any) -> None:
    set_sealing(settings, "always")
    key = prepare(settings)
    assert key is not None
    assert len(key) == KEY_BYTES
    assert prepare(settings) == key
    assert find_key(NAME) == key
    assert prepare(settings, NAME + "-2") != key
    set_sealing(settings, "never")  # what was begun sealed, is ended sealed
    assert prepare(settings) == key


def test_the_key_itself_is_not_in_the_row(settings: Any) -> None:
    set_sealing(settings, "always")
    key = prepare(settings)
    assert key is not None
    assert key not in bytes(SourceKey.objects.get().wrapped)


def test_a_key_opens_no_other_object_and_nothing_under_another_secret(settings: Any) -> None:
    set_sealing(settings, "always")
    prepare(settings)
    SourceKey.objects.update(name=NAME + "-2")
    with pytest.raises(KeyUnusable):
        find_key(NAME + "-2")
    SourceKey.objects.update(name=NAME)
    find_key(NAME)
    settings.GILFOYLE_ROOT_SECRET = b"another secret, as after a restore of the database alone"
    with pytest.raises(KeyUnusable):
        find_key(NAME)


def test_a_key_that_was_destroyed_is_missed(settings: Any) -> None:
    set_sealing(settings, "always")
    prepare(settings)
    destroy_key(NAME)
    with pytest.raises(SourceKeyMissing):
        find_key(NAME)


def test_all_keys_of_a_video_go_but_one(settings: Any) -> None:
    set_sealing(settings, "always")
    for name, video_id in [("a", "vid"), ("b", "vid"), ("c", "other")]:
        prepare(settings, name, video_id)
    destroy_source_keys(video_id="vid", except_for="b")
    assert set(SourceKey.objects.values_list("name", flat=True)) == {"b", "c"}


def test_who_deletes_a_video_destroys_its_source_at_once(settings: Any) -> None:
    set_sealing(settings, "always")
    video, other = make_video(status="ready"), make_video(status="ready")
    prepare(settings, "one", video.pk)
    prepare(settings, "other", other.pk)
    delete_video(video=video)
    assert set(SourceKey.objects.values_list("name", flat=True)) == {"other"}


def test_two_who_begin_at_once_have_one_key(settings: Any) -> None:
    set_sealing(settings, "always")
    found = run_at_once([lambda: prepare(settings)] * 8)
    assert len(set(found)) == 1
