"""Objects that come in parts, on a real object store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gilfoyle.lib import storage, storage_multiparts
from gilfoyle.lib.storage_multiparts import Parts, PartsGone, PartsRefused, StoredPart
from tests.bucket import own_bucket

DATA = b"some bytes"


@pytest.fixture
def bucket(settings: Any) -> Iterator[Any]:
    with own_bucket(settings, prefix="some/prefix/") as store:
        yield store


def sent(name: str, data: bytes = DATA) -> Parts:
    parts = storage_multiparts.begin_parts(name, content_type="video/mp4")
    assert httpx.put(url_of(parts, len(data)), content=data).status_code == 200
    return parts


def url_of(parts: Parts, size_bytes: int, *, public: str = "") -> str:
    signed = storage_multiparts.sign_part(
        parts, number=1, size_bytes=size_bytes, ttl_s=60, md5=None, public_endpoint_url=public
    )
    return signed.url


def test_parts_become_an_object_once_and_nothing_before(bucket: Any) -> None:
    assert storage_multiparts.is_possible()
    parts = sent("a/one")
    (stored,) = storage_multiparts.list_parts(parts)
    assert (stored.number, stored.size_bytes) == (1, len(DATA))
    assert not storage.exists("a/one")
    with pytest.raises(PartsRefused):
        storage_multiparts.join_parts(parts, [StoredPart(1, len(DATA), '"00000000000000000000000000000000"')])
    storage_multiparts.join_parts(parts, [stored])
    with storage.open_stored("a/one") as file:
        assert file.read() == DATA
    storage_multiparts.move_within("a/one", "a/two")
    storage.delete("a/one")
    assert storage.size_of("a/two") == len(DATA)
    storage_multiparts.give_up_parts("a/one", parts.store_id)  # too late, and no fault


@pytest.mark.parametrize("is_known", [True, False])
def test_what_was_given_up_takes_no_more(bucket: Any, is_known: bool) -> None:
    parts, beside = sent("a/one"), sent("a/one-beside")
    storage_multiparts.give_up_parts("a/one", parts.store_id if is_known else "")
    assert httpx.put(url_of(parts, 1), content=b"x").status_code == 404
    with pytest.raises(PartsGone):
        storage_multiparts.list_parts(parts)
    with pytest.raises(PartsGone):
        storage_multiparts.join_parts(parts, [StoredPart(1, 1, '"00000000000000000000000000000000"')])
    storage_multiparts.give_up_parts("a/one", parts.store_id if is_known else "")
    assert len(storage_multiparts.list_parts(beside)) == 1
    storage_multiparts.give_up_parts("a/one-beside", beside.store_id)


def test_it_is_signed_for_the_address_that_clients_know(bucket: Any) -> None:
    parts = Parts("a/one", "x")
    url = urlsplit(url_of(parts, 7, public="https://films.example.org:8443"))
    assert (url.scheme, url.netloc) == ("https", "films.example.org:8443")
    assert url.path.endswith("/a/one")
    asked = parse_qs(url.query)
    assert (asked["X-Amz-Expires"], asked["X-Amz-SignedHeaders"]) == (["60"], ["content-length;host"])
    assert asked["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]


def test_whether_it_takes_late_parts_is_found_out_once(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_multiparts, "_sealing", {})
    is_sealing = storage_multiparts.is_sealed_when_joined()
    assert list(bucket.bucket.objects.filter(Prefix=bucket.location)) == []
    parts = sent("a/one")
    storage_multiparts.join_parts(parts, storage_multiparts.list_parts(parts))
    late = httpx.put(url_of(parts, 1), content=b"x").status_code
    assert late == (404 if is_sealing else 200)  # OpenStack Swift takes it
    monkeypatch.setattr(storage_multiparts, "_try_late_part", None)
    assert storage_multiparts.is_sealed_when_joined() is is_sealing


def test_a_store_that_takes_no_late_parts_is_believed(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_multiparts, "_sealing", {})
    join = storage_multiparts.join_parts

    def join_and_seal(parts: Parts, stored: list[StoredPart]) -> None:
        join(parts, stored)
        storage.delete(parts.name)  # with which this store knows the transfer no more

    monkeypatch.setattr(storage_multiparts, "join_parts", join_and_seal)
    assert storage_multiparts.is_sealed_when_joined() is True


def test_a_folder_takes_no_parts(media_dir: Any) -> None:
    assert not storage_multiparts.is_possible()
