from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from gilfoyle.lib.storage import StorageFault
from gilfoyle.lib.store_trial import try_store
from tests.bucket import own_bucket


def test_a_store_that_works_is_left_as_it_was(media_dir: Path, settings: Any) -> None:
    assert try_store(storages["media"])
    assert [path for path in media_dir.rglob("*") if path.is_file()] == []
    with own_bucket(settings) as bucket:
        assert try_store(bucket)


def test_a_store_that_can_t_be_written_is_told(media_dir: Path) -> None:
    media_dir.parent.mkdir(parents=True, exist_ok=True)
    media_dir.write_bytes(b"no folder")
    with pytest.raises(StorageFault):
        try_store(storages["media"])
