"""What the answers of a node, a gateway and a cluster mean; what real ones do is seen in test_ipfs_storage.py."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx
import pytest

from gilfoyle.lib.errors import Fault, NoSpace
from gilfoyle.lib.ipfs_node import IpfsCluster, IpfsGateway, IpfsNode, Permission
from gilfoyle.lib.storage_faults import ObjectMissing, StorageFault
from tests.ipfs import gateway_url, ipfs_url

CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"


def answering(server: Any, answer: Callable[[httpx.Request], httpx.Response]) -> Any:
    auth = server.client.auth
    server.client = httpx.Client(base_url=server.url, auth=auth, transport=httpx.MockTransport(answer))
    return server


def node(status: int, text: str = "", *, auth: str = "") -> Any:
    return answering(IpfsNode("http://node", auth, 5), lambda _asked: httpx.Response(status, text=text))


def fault(use: Callable[[], object]) -> Any:
    with pytest.raises((Fault, NoSpace)) as error:
        use()
    return error.value


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (500, '{"Message":"write /b: no space left on device","Code":0}', NoSpace),
        (500, '{"Message":"ENOSPC: no room","Code":0}', NoSpace),
        (507, "", NoSpace),
        (500, '{"Message":"block was not found locally (offline): ipld: could not find x"}', ObjectMissing),
        (500, '{"Message":"the datastore is broken"}', StorageFault),
        (403, "403 - Forbidden", StorageFault),
        (502, "<html>", StorageFault),
    ],
)
def test_a_refusal_is_told_as_what_it_is(status: int, words: str, kind: type[Fault]) -> None:
    assert type(fault(lambda: node(status, words).read(CID, 0, 1))) is kind


def test_what_is_full_on_the_way_is_told_behind_an_answer_that_began_well() -> None:
    lines = '{"Name":"x","Bytes":1}\n{"Message":"no space left on device","Code":0,"Type":"error"}\n'
    assert isinstance(fault(lambda: node(200, lines).add([b"x"])), NoSpace)
    for answer in ("", "{}", '{"Hash":"../../etc"}', '{"Hash":"zdj7W"}', "[1]", "\xff"):
        assert type(fault(partial(node(200, answer).add, [b"x"]))) is StorageFault


def test_a_silent_or_missing_server_is_a_fault_without_its_address_in_words() -> None:
    def silent(_asked: httpx.Request) -> httpx.Response:
        message = "too slow"
        raise httpx.ReadTimeout(message)

    error = fault(lambda: answering(IpfsNode("http://node", "", 5), silent).pin(CID))
    assert (type(error), error.message) == (StorageFault, "The IPFS node could not be reached, or broke off.")
    assert type(fault(IpfsNode("http://127.0.0.1:1", "", 5).version)) is StorageFault


def test_what_is_not_pinned_is_unpinned() -> None:
    node(500, '{"Message":"not pinned or pinned indirectly"}').unpin(CID)
    answering(IpfsCluster("http://c", "", 5), lambda _asked: httpx.Response(404, text="{}")).unpin(CID)
    with pytest.raises(StorageFault):
        node(500, '{"Message":"broken"}').unpin(CID)


@pytest.mark.parametrize(
    ("auth", "header"), [("", None), ("basic:me:a:b", "Basic bWU6YTpi"), ("bearer:t", "Bearer t")]
)
def test_permission_is_shown_to_its_server_and_to_nobody_else(auth: str, header: str | None) -> None:
    seen: list[str | None] = []

    def answer(asked: httpx.Request) -> httpx.Response:
        seen.append(asked.headers.get("Authorization"))
        return httpx.Response(302, headers={"Location": "http://elsewhere/"})

    with pytest.raises(StorageFault):
        answering(IpfsNode("http://node", auth, 5), answer).pin(CID)
    assert seen == [header]  # a redirect is not followed
    assert auth not in repr(Permission(auth)) or not auth


def test_a_cluster_pins_and_tells_of_each_peer() -> None:
    asked: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((request.method, request.url.path))
        return httpx.Response(200, text=json.dumps({"peer_map": {"one": {"status": "pinned"}}}))

    cluster = answering(IpfsCluster("http://c", "", 5), answer)
    cluster.pin(CID)
    assert cluster.standing_of(CID) == {"one": "pinned"}
    cluster.unpin(CID)
    assert asked == [(method, f"/pins/{CID}") for method in ("POST", "GET", "DELETE")]


def test_a_gateway_that_ignores_ranges_is_not_read_to_its_end() -> None:
    gateway = answering(
        IpfsGateway("http://g", "", 5), lambda _asked: httpx.Response(200, content=b"x" * 100)
    )
    assert type(fault(lambda: gateway.read(CID, 0, 10))) is StorageFault


def test_a_real_node_and_its_gateway_agree() -> None:
    real = IpfsNode(ipfs_url(), "", 20)
    data = bytes(range(256)) * 2000
    cid = real.add([data[:300_000], data[300_000:]])
    assert not real.is_pinned(cid)
    real.pin(cid)
    assert real.is_pinned(cid)
    assert real.read(cid, 299_990, 20) == data[299_990:300_010]
    assert real.read(cid, len(data) - 1, 10) == data[-1:]
    assert IpfsGateway(gateway_url(), "", 20).read(cid, 299_990, 20) == data[299_990:300_010]
    real.unpin(cid)
    real.unpin(cid)
    assert not real.is_pinned(cid)
    assert real.version()
