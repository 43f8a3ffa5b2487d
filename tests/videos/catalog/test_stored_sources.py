from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import storage
from gilfoyle.lib.sealed_chunks import SealBroken, is_sealed, new_key
from tests.bucket import own_bucket
from tests.factories import make_video
from tests.sealing import flip_bit, make_sealed_video, set_sealing
from videos.catalog.models import SourceKey
from videos.catalog.source_keys import SourceKeyMissing
from videos.catalog.stored_sources import name_of, open_source, source_copy, source_path, store_source

pytestmark = pytest.mark.django_db
DATA = os.urandom(200_000)


@pytest.fixture(params=["files", "bucket"], autouse=True)
def store(request: pytest.FixtureRequest, settings: Any, media_dir: Path) -> Iterator[str]:
    del media_dir  # the media lies in a folder first, whatever the other tests run on
    set_sealing(settings, "always")
    if request.param == "files":
        yield "files"
        return
    with own_bucket(settings):
        yield "bucket"


def lying(name: str) -> bytes:
    with storage.open_stored(name) as stored:
        return stored.read()


def test_both_kinds_are_read_as_they_came(settings: Any, tmp_path: Path) -> None:
    clear, sealed = make_video(source=DATA), make_sealed_video(settings, DATA)
    assert lying(name_of(clear)) == DATA
    assert is_sealed(lying(name_of(sealed)))
    for video in (clear, sealed):
        opened = open_source(video)
        assert opened.size_bytes == len(DATA)
        assert opened.read(70_000, 9) == DATA[70_000:70_009]
        with source_copy(video, folder=tmp_path / "work") as path:
            assert path.read_bytes() == DATA
    work = tmp_path / "work"
    assert not (work.exists() and list(work.iterdir()))


def test_a_program_is_only_sent_to_what_it_can_read(settings: Any, store: str) -> None:
    clear, sealed = make_video(source=DATA), make_sealed_video(settings, DATA)
    assert source_path(clear) == storage.local_path(name_of(clear))
    assert (source_path(clear) is None) == (store == "bucket")
    assert source_path(sealed) is None


def test_a_file_that_looks_sealed_is_what_its_row_says(settings: Any) -> None:
    forged = lying(name_of(make_sealed_video(settings, DATA)))
    video = make_video(source=forged)
    opened = open_source(video)
    assert opened.read(0, opened.size_bytes) == forged


def test_a_source_that_was_put_in_the_place_of_a_sealed_one_is_not_read(settings: Any) -> None:
    video = make_sealed_video(settings, DATA)
    storage.save_bytes(name_of(video), DATA)
    with pytest.raises(SealBroken):
        open_source(video)


def test_the_source_of_another_video_is_not_read(settings: Any) -> None:
    one, other = make_sealed_video(settings, DATA), make_sealed_video(settings, DATA)
    storage.save_bytes(name_of(one), lying(name_of(other)))
    opened = open_source(one)
    with pytest.raises(SealBroken):
        opened.read(0, 10)


def test_a_damaged_source_gives_none_of_the_damaged_part(settings: Any) -> None:
    video = make_sealed_video(settings, DATA)
    flip_bit(name_of(video), lying(name_of(video)), at=100_000)
    opened = open_source(video)
    assert opened.read(0, 60_000) == DATA[:60_000]
    with pytest.raises(SealBroken):
        opened.read(60_000, 60_000)


def test_without_its_key_nothing_is_read(settings: Any) -> None:
    video = make_sealed_video(settings, DATA)
    SourceKey.objects.all().delete()
    with pytest.raises(SourceKeyMissing):
        open_source(video)


def test_a_source_is_stored_as_its_key_says() -> None:
    store_source("clear", iter([DATA]), key=None)
    store_source("sealed", iter([DATA]), key=new_key())
    assert lying("clear") == DATA
    assert is_sealed(lying("sealed"))
