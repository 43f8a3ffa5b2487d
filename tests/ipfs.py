"""A real node of IPFS as the media store of a test.

It is given as `GILFOYLE_TEST_IPFS_URL=http://HOST:PORT`, the address of its RPC (`.ci/ipfs_node` starts one, and Kubo
has the same). `GILFOYLE_TEST_IPFS_GATEWAY_URL` is its gateway, `GILFOYLE_TEST_IPFS_CLUSTER_URL` the REST API of an IPFS
Cluster that it belongs to, where there is one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from django.core.files.storage import storages

from gilfoyle.lib.config import Config
from gilfoyle.lib.ipfs_storage import IpfsStorage
from gilfoyle.lib.media_store import media_store
from tests.services import service_url
from videos.ipfs.models import IpfsObject, IpfsPin


def ipfs_url() -> str:
    return service_url("an IPFS node", "GILFOYLE_TEST_IPFS_URL")


def gateway_url() -> str:
    return service_url("an IPFS gateway", "GILFOYLE_TEST_IPFS_GATEWAY_URL")


def cluster_url() -> str:
    """Return "" where no cluster is tried."""
    return os.environ.get("GILFOYLE_TEST_IPFS_CLUSTER_URL", "")


def ipfs_settings(**more: str) -> dict[str, Any]:
    """Return the settings of a Gilfoyle on this node."""
    return {
        "backend": "ipfs",
        "ipfs": {"rpc_url": ipfs_url(), "cluster_url": cluster_url(), "timeout_s": 20, **more},
    }


@contextmanager
def own_ipfs(settings: Any, **more: str) -> Iterator[IpfsStorage]:
    """Use the node as the media store, and unpin afterwards what this database names."""
    config = Config.model_validate({"storage": ipfs_settings(**more)})
    settings.STORAGES = {**settings.STORAGES, "media": media_store(config)}
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": config.storage})
    store = storages["media"]
    assert isinstance(store, IpfsStorage)
    yield store
    for name in IpfsObject.objects.values_list("pk", flat=True):
        store.delete(name)
    IpfsPin.objects.update(is_leaving=True)
    store.remove_unnamed()


def ask(call: str, **asked: str) -> bytes:
    """Ask the node itself."""
    return httpx.post(f"{ipfs_url()}/api/v0/{call}", params=asked, timeout=60).content


def is_pinned(cid: str) -> bool:
    answer = json.loads(ask("pin/ls", arg=cid, type="recursive", **{"cid-base": "base32"}))
    return cid in answer.get("Keys", {})


def blocks_of(cid: str) -> Iterator[bytes]:
    """Give every block of an object, as the node has it and gives it to others."""
    yield ask("block/get", arg=cid)
    for line in ask("refs", arg=cid, recursive="true", **{"cid-base": "base32"}).splitlines():
        yield ask("block/get", arg=json.loads(line)["Ref"])
