"""What a client of direct uploads sends, call by call: to Gilfoyle, and to the bucket."""

from __future__ import annotations

import random
from typing import Any

import httpx
from rest_framework.test import APIClient

from gilfoyle.lib import storage_multiparts
from tests.videos.uploads.parts_store import PartsStore

ENDPOINT = "/api/v1/uploads/direct"
LEAST_PART = 5 * 1024 * 1024
FILE = random.Random(7).randbytes(LEAST_PART + 1000)  # noqa: S311  # bytes that are no two parts' alike
SMALL = FILE[:1000]


def begin(
    api: APIClient, data: bytes = SMALL, *, address: str = ENDPOINT, store: Any = None, **wish: Any
) -> dict[str, Any]:
    """Begin an upload; `store`: the stand-in that its parts go to, where it is one."""
    answer = post(api, address, {"size_bytes": len(data), "part_size_bytes": LEAST_PART, **wish})
    assert answer.status_code == 201, answer.content
    begun: dict[str, Any] = answer.json()
    return {**begun, "address": f"{address}/{begun['upload_id']}", "store": store}


def post(api: APIClient, address: str, body: Any = None, **headers: str) -> Any:
    return api.post(address, body or {}, format="json", headers=headers)


def sign(api: APIClient, upload: dict[str, Any], number: int = 1, **wish: Any) -> dict[str, Any]:
    answer = post(api, upload["address"] + "/parts", {"parts": [{"part_number": number, **wish}]})
    assert answer.status_code == 200, answer.content
    (address,) = answer.json()["parts"]
    return dict(address)


def put(address: dict[str, Any], data: bytes, **changes: str) -> httpx.Response:
    """Send a part to the bucket; `changes`: what of the address is another text."""
    url = str(address["url"])
    for before, after in changes.items():
        assert before in url
        url = url.replace(before, after)
    return httpx.put(url, content=data, headers=address["headers"])


def part_of(data: bytes, number: int) -> bytes:
    return data[(number - 1) * LEAST_PART : number * LEAST_PART]


def send(api: APIClient, upload: dict[str, Any], number: int = 1, data: bytes = SMALL) -> dict[str, Any]:
    """Sign for a part and send it; returns it as it is named at the end."""
    address, store = sign(api, upload, number), upload.get("store")
    if isinstance(store, PartsStore):
        return {"part_number": number, "etag": store.take(address["url"], part_of(data, number))}
    answer = put(address, part_of(data, number))
    assert answer.status_code == 200, answer.text
    return {"part_number": number, "etag": answer.headers["ETag"]}


def send_all(api: APIClient, data: bytes = SMALL, **wish: Any) -> dict[str, Any]:
    """Begin an upload and send all its parts."""
    upload = begin(api, data, **wish)
    for number in range(1, upload["part_count"] + 1):
        send(api, upload, number, data)
    return upload


def complete(api: APIClient, upload: dict[str, Any], **body: Any) -> Any:
    return post(api, upload["address"] + "/complete", body)


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def names_in(bucket: Any) -> list[str]:
    """Return what a bucket holds, by the first folder and the last word of each name."""
    if isinstance(bucket, PartsStore):
        return sorted(f"{name.partition('/')[0]}/{name.rpartition('/')[2]}" for name in bucket.names())
    root = bucket.location.strip("/") + "/"
    names = [found.key.removeprefix(root) for found in bucket.bucket.objects.filter(Prefix=root)]
    return sorted(f"{name.partition('/')[0]}/{name.rpartition('/')[2]}" for name in names)


def open_transfers(bucket: Any) -> int:
    """Return how many transfers in parts are open in a test's part of the bucket."""
    if isinstance(bucket, PartsStore):
        return len(bucket.transfers)
    return sum(1 for _ in bucket.bucket.multipart_uploads.filter(Prefix=bucket.location))


def let_seal(monkeypatch: Any) -> None:
    """Take the store for one that takes no late parts, as most do; the tests' own does."""
    monkeypatch.setattr(storage_multiparts, "is_sealed_when_joined", lambda: True)
