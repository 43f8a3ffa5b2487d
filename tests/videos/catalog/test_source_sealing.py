from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib import sealed_storage, storage
from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.sealed_chunks import SealBroken, is_sealed, seal
from gilfoyle.lib.storage import StorageFault
from tests.factories import make_video
from tests.sealing import make_sealed_video, set_sealing
from videos.catalog.models import SourceKey, SpareSource, Video
from videos.catalog.source_sealing import SealedCopy, is_to_be_sealed, store_sealed_copy
from videos.catalog.sources import (
    READ_ON,
    STORED_WITHIN,
    CleaningReport,
    remove_spare_sources,
    replace_source,
)
from videos.catalog.stored_sources import name_of, open_source

pytestmark = pytest.mark.django_db(transaction=True)
DATA = os.urandom(150_000)


@pytest.fixture(autouse=True)
def sealing(settings: Any) -> None:
    set_sealing(settings, "always")


def store_copy(video: Video, settings: Any) -> SealedCopy:
    return store_sealed_copy(video=video, config=settings.GILFOYLE, heartbeat=lambda: None)


def put_in_place(video: Video, made: SealedCopy, report: CleaningReport | None = None) -> None:
    replace_source(
        video_id=video.pk, by=made.promised, size_bytes=made.size_bytes, sha256=made.sha256, report=report
    )


def test_a_source_is_stored_anew_and_takes_its_place(settings: Any) -> None:
    video = make_video(status="failed", source=DATA, source_cleaning={"outcome": "kept"})
    before = name_of(video)
    made = store_copy(video, settings)
    assert (made.size_bytes, made.sha256) == (len(DATA), hashlib.sha256(DATA).hexdigest())
    assert storage.exists(before)
    put_in_place(video, made)
    video.refresh_from_db()
    assert video.source_is_sealed
    assert video.source_cleaning == {"outcome": "kept"}  # nobody has looked at it since
    assert is_sealed(storage.open_stored(name_of(video)).read())
    assert open_source(video).read(0, len(DATA)) == DATA
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert not storage.exists(before)
    assert (video.stored_bytes, SpareSource.objects.count()) == (len(DATA), 0)


def test_it_can_be_cleaned_later(settings: Any) -> None:
    video = make_video(status="failed", source=DATA)
    put_in_place(video, store_copy(video, settings))
    video.refresh_from_db()
    sealed_as_it_came = name_of(video)
    put_in_place(video, store_copy(video, settings), CleaningReport(removed={"dates": 1}))
    video.refresh_from_db()
    assert (video.source_cleaning["outcome"], name_of(video) == sealed_as_it_came) == ("cleaned", False)
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert not storage.exists(sealed_as_it_came)
    assert list(SourceKey.objects.values_list("name", flat=True)) == [name_of(video)]


def test_of_two_copies_of_the_same_source_one_takes_its_place(settings: Any) -> None:
    video = make_video(status="failed", source=DATA)
    first, second = store_copy(video, settings), store_copy(video, settings)
    put_in_place(video, first)
    with pytest.raises(StaleWork):
        put_in_place(video, second)
    remove_spare_sources(now=timezone.now() + 2 * STORED_WITHIN)
    video.refresh_from_db()
    assert open_source(video).read(0, 5) == DATA[:5]
    assert list(SourceKey.objects.values_list("name", flat=True)) == [first.promised.name]
    assert not storage.exists(second.promised.name)


def test_what_is_not_what_was_uploaded_takes_no_place(settings: Any) -> None:
    video = make_video(status="failed", source=DATA)
    storage.save_bytes(name_of(video), DATA[::-1])
    with pytest.raises(StorageFault):
        store_copy(video, settings)


def test_what_can_not_be_read_back_takes_no_place(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    video = make_video(status="failed", source=DATA)
    whole = seal
    monkeypatch.setattr(sealed_storage, "seal", lambda pieces, key: list(whole(pieces, key))[:-1])
    with pytest.raises((StorageFault, SealBroken)):
        store_copy(video, settings)
    assert open_source(video).read(0, len(DATA)) == DATA


def test_without_a_hash_to_compare_with_it_gets_one(settings: Any) -> None:
    video = make_video(status="ready", source=DATA)
    video.source_sha256 = ""
    assert store_copy(video, settings).sha256 == hashlib.sha256(DATA).hexdigest()


def test_nothing_is_stored_where_nothing_is_encrypted(settings: Any) -> None:
    set_sealing(settings, "never")
    video = make_video(status="ready", source=DATA)
    assert not is_to_be_sealed(video, settings.GILFOYLE)
    with pytest.raises(ValueError, match="not encrypted here"):
        store_copy(video, settings)


def test_only_what_came_in_the_clear_is_to_be_sealed(settings: Any) -> None:
    clear, sealed = make_video(source=DATA), make_sealed_video(settings, DATA)
    assert is_to_be_sealed(clear, settings.GILFOYLE)
    assert not is_to_be_sealed(sealed, settings.GILFOYLE)
    clear.source_version = "cleanedbefore"
    assert not is_to_be_sealed(clear, settings.GILFOYLE)
