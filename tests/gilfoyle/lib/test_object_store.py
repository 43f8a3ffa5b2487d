"""Which stores are no filesystem, and who handles them; what they do is seen in test_media_store and test_ipfs_storage."""

from __future__ import annotations

from typing import Any

from gilfoyle.lib import storage_multiparts
from gilfoyle.lib.config import Config
from gilfoyle.lib.ipfs_storage import IpfsStorage
from gilfoyle.lib.media_store import media_store
from gilfoyle.lib.object_store import objects_of


def test_ipfs_handles_its_own_and_takes_no_parts_from_strangers(settings: Any) -> None:
    config = Config.model_validate(
        {"storage": {"backend": "ipfs", "ipfs": {"rpc_url": "http://127.0.0.1:1"}}}
    )
    media = media_store(config)
    store = IpfsStorage(**media["OPTIONS"])
    assert objects_of(store) is store
    settings.STORAGES = {**settings.STORAGES, "media": media}
    assert not storage_multiparts.is_possible()
