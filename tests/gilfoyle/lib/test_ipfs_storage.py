"""What lib/storage.py promises, on a real node of IPFS; what others see there; and what a killed process leaves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from gilfoyle.lib import storage
from gilfoyle.lib.errors import Fault
from gilfoyle.lib.ipfs_node import IpfsCluster, IpfsNode
from gilfoyle.lib.ipfs_storage import AT_ONCE_BYTES, UNNAMED, IpfsStorage
from gilfoyle.lib.sealed_chunks import SealBroken
from gilfoyle.lib.storage import ObjectMissing, StorageFault
from gilfoyle.lib.storage_listing import list_store, remove_objects
from gilfoyle.lib.wrapped_keys import KeyUnusable
from tests.embedded import wait_until
from tests.ipfs import blocks_of, is_pinned, own_ipfs
from tests.ipfs_cluster import some_cluster
from tests.threads import run_at_once
from videos.ipfs.models import IpfsObject, IpfsPin
from videos.ipfs.names import Names

pytestmark = pytest.mark.django_db(transaction=True)
MARK = b"ftypmoofWEBVTT\xff\xd8\xff The title of a film, and its words. "


@pytest.fixture
def ipfs(settings: Any) -> Iterator[IpfsStorage]:
    with own_ipfs(settings) as store:
        yield store


def read(name: str) -> bytes:
    with storage.open_stored(name) as stored:
        return stored.read()


def cid_of(name: str) -> str:
    return IpfsObject.objects.get(pk=name).cid


def names() -> list[str]:
    return sorted(IpfsObject.objects.values_list("pk", flat=True))


def test_objects_are_stored_replaced_read_and_removed(ipfs: IpfsStorage) -> None:
    storage.save_bytes("a/one", b"first")
    first = cid_of("a/one")
    assert (read("a/one"), storage.size_of("a/one"), storage.exists("a/one")) == (b"first", 5, True)
    assert is_pinned(first)
    storage.save_bytes("a/one", b"second")
    second = cid_of("a/one")
    assert read("a/one") == b"second"
    assert (is_pinned(first), is_pinned(second)) == (False, True)
    storage.delete("a/one")
    storage.delete("a/one")
    assert not storage.exists("a/one")
    assert not is_pinned(second)
    assert not IpfsPin.objects.exists()
    assert storage.local_path("a/one") is None


@pytest.mark.parametrize("size_bytes", [0, 1, 64 * 1024, 64 * 1024 + 1, 3_000_000])
def test_all_of_an_object_comes_back(ipfs: IpfsStorage, tmp_path: Path, size_bytes: int) -> None:
    data = os.urandom(size_bytes)
    storage.save_stream("one", (data[at : at + 100_000] for at in range(0, size_bytes, 100_000)))
    assert read("one") == data
    with storage.local_copy("one", folder=tmp_path) as copy:
        assert copy.read_bytes() == data
    assert list(tmp_path.iterdir()) == []


def test_a_large_object_is_read_where_it_is_wanted(
    ipfs: IpfsStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = os.urandom(AT_ONCE_BYTES + 1)
    storage.save_bytes("one", data)
    asked: list[int] = []
    whole = IpfsNode.read

    def count(node: IpfsNode, cid: str, first: int, length: int) -> bytes:
        asked.append(length)
        return whole(node, cid, first, length)

    monkeypatch.setattr(IpfsNode, "read", count)
    with storage.open_stored("one") as stored:
        stored.seek(-10, os.SEEK_END)
        assert (stored.tell(), stored.read()) == (AT_ONCE_BYTES - 9, data[-10:])
        stored.seek(3)
        assert stored.read(10) == data[3:13]
    assert sum(asked) < AT_ONCE_BYTES / 2
    ranges = storage.open_ranges("one")
    with ThreadPoolExecutor(4) as pool:  # any thread may read
        firsts = range(0, 800_000, 100_000)
        assert list(pool.map(lambda first: ranges.read(first, 5000), firsts)) == [
            data[first : first + 5000] for first in firsts
        ]
    with pytest.raises(StorageFault, match="shorter"):
        ranges.read(len(data) - 1, 2)


def test_no_block_of_an_object_tells_what_it_is(ipfs: IpfsStorage) -> None:
    storage.save_bytes("renditions/p/v/r/h264-360/00001.m4s", MARK * 20_000)
    storage.save_bytes("again", MARK * 20_000)
    cid = cid_of("renditions/p/v/r/h264-360/00001.m4s")
    blocks = list(blocks_of(cid))
    assert sum(map(len, blocks)) >= len(MARK) * 20_000
    for block in blocks:
        for word in (b"ftyp", b"moof", b"WEBVTT", b"\xff\xd8\xff The", b"title", b"renditions", b"00001.m4s"):
            assert word not in block
    # Nor can who has a film see that it is there: the same bytes have another address each time.
    assert cid_of("again") != cid
    assert not set(blocks) & set(blocks_of(cid_of("again")))


def test_a_stream_that_breaks_leaves_what_was_there_and_nothing_else(ipfs: IpfsStorage) -> None:
    storage.save_bytes("one", b"before")

    def pieces() -> Iterator[bytes]:
        yield os.urandom(1_000_000)
        message = "the client went away"
        raise ValueError(message)

    with pytest.raises(ValueError, match="went away"):
        storage.save_stream("one", pieces())
    assert (read("one"), names(), IpfsPin.objects.count()) == (b"before", ["one"], 0)


def test_missing_objects_are_a_fault_of_their_own(ipfs: IpfsStorage) -> None:
    for use in (
        storage.open_stored,
        storage.size_of,
        storage.open_ranges,
        lambda name: storage.local_copy(name).__enter__(),
        lambda name: storage.copy_object(name, "other"),
    ):
        with pytest.raises(ObjectMissing):
            use("nothing/here")


def test_a_folder_goes_with_all_below_it_and_nothing_beside_it(ipfs: IpfsStorage) -> None:
    kept = ["renditions/p/v/r2/1", "renditions/p/v2/r/1", "renditions/pp/v/r/1", "renditions/p/v/r_/1"]
    for name in ("renditions/p/v/r/1", "renditions/p/v/r/a/2", *kept):
        storage.save_bytes(name, b"x")
    gone = [cid_of("renditions/p/v/r/1"), cid_of("renditions/p/v/r/a/2")]
    for _ in range(2):
        storage.delete_folder("renditions/p/v/r")
        assert names() == sorted(kept)
    assert [is_pinned(cid) for cid in gone] == [False, False]
    storage.delete_folder("renditions/p/v")
    assert names() == sorted(kept[1:3])
    storage.delete_folder("renditions/p")
    assert names() == [kept[2]]


def test_what_is_there_is_listed_and_removed_by_its_names(ipfs: IpfsStorage) -> None:
    for name in ("a/one", "a/two", "b/three"):
        storage.save_bytes(name, b"bytes")
    found = list(list_store(ipfs, "a"))
    assert [(one.name, one.size_bytes, one.is_plain) for one in found] == [
        ("a/one", 5, True),
        ("a/two", 5, True),
    ]
    assert len(list(list_store(ipfs))) == 3
    assert remove_objects(ipfs, found) == ["a/one", "a/two"]
    assert (names(), IpfsPin.objects.count()) == (["b/three"], 0)


def test_what_is_added_stays_whoever_comes_later(ipfs: IpfsStorage, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"another")
    assert storage.is_write_once()
    assert storage.add_bytes("a/one", b"first")
    assert not storage.add_bytes("a/one", b"second")
    assert not storage.add_file("a/one", other)
    assert storage.add_file("a/two", other)
    assert (read("a/one"), read("a/two"), IpfsPin.objects.count()) == (b"first", b"another", 0)


def test_of_many_that_add_at_once_one_has_the_name_and_the_others_leave_nothing(ipfs: IpfsStorage) -> None:
    won = run_at_once([partial(storage.add_bytes, "one", bytes([number])) for number in range(4)])
    assert won.count(True) == 1
    assert read("one") == bytes([won.index(True)])
    assert not IpfsPin.objects.exists()


def test_a_second_name_costs_no_bytes_and_keeps_what_the_first_one_had(ipfs: IpfsStorage) -> None:
    storage.save_bytes("a/one", b"bytes")
    storage.copy_object("a/one", "b/two")
    storage.copy_object("a/one", "b/two")
    cid = cid_of("a/one")
    assert cid_of("b/two") == cid
    storage.delete("a/one")
    assert (read("b/two"), is_pinned(cid)) == (b"bytes", True)
    storage.delete("b/two")
    assert not is_pinned(cid)


def test_a_key_opens_the_object_of_its_name_alone(ipfs: IpfsStorage, settings: Any) -> None:
    storage.save_bytes("one", b"bytes")
    storage.save_bytes("two", b"other")
    one, two = IpfsObject.objects.order_by("pk")
    IpfsObject.objects.filter(pk="two").update(cid=one.cid, wrapped=one.wrapped)
    with pytest.raises(KeyUnusable):
        read("two")
    IpfsObject.objects.filter(pk="two").update(wrapped=two.wrapped)
    with pytest.raises(SealBroken):
        read("two")
    IpfsObject.objects.filter(pk="two").update(cid=two.cid)
    settings.GILFOYLE_ROOT_SECRET = b"another secret of 32 bytes or more"
    with pytest.raises(KeyUnusable):
        read("one")


# What a process leaves that is killed


def die(*_given: Any, **_more: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed(work: Callable[[], object], at: tuple[Any, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do some work in a process that is killed when it comes to a call."""
    child = os.fork()
    if not child:
        for connection in connections.all(initialized_only=True):
            connection.connection = None  # the parent's; it is not ours to close
        monkeypatch.setattr(*at, die)
        work()
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


def age_pins() -> None:
    for pin in IpfsPin.objects.all():
        IpfsPin.objects.filter(pk=pin.pk).update(noted_at=pin.noted_at - UNNAMED - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("at", "noted"), [((Names, "note_pin"), 0), ((IpfsNode, "pin"), 1), ((Names, "give_name"), 1)]
)
def test_a_kill_while_an_object_is_stored_leaves_nothing_for_ever(
    ipfs: IpfsStorage, monkeypatch: pytest.MonkeyPatch, at: tuple[Any, str], noted: int
) -> None:
    storage.save_bytes("one", b"before")
    killed(lambda: storage.save_bytes("one", b"after"), at, monkeypatch)
    left = list(IpfsPin.objects.values_list("pk", flat=True))
    assert (read("one"), len(left)) == (b"before", noted)
    assert storage.remove_unnamed() == 0  # another process may be about to name it
    age_pins()
    assert storage.remove_unnamed() == noted
    assert not IpfsPin.objects.exists()
    assert not any(map(is_pinned, left))
    assert is_pinned(cid_of("one"))


@pytest.mark.parametrize("at", [(IpfsNode, "unpin"), (Names, "forget_pin")])
def test_a_kill_while_an_object_is_removed_leaves_nothing_for_ever(
    ipfs: IpfsStorage, monkeypatch: pytest.MonkeyPatch, at: tuple[Any, str]
) -> None:
    storage.save_bytes("a/one", b"bytes")
    cid = cid_of("a/one")
    killed(lambda: storage.delete_folder("a"), at, monkeypatch)
    assert (names(), IpfsPin.objects.get().pk) == ([], cid)
    assert storage.remove_unnamed() == 1
    assert not is_pinned(cid)
    assert not IpfsPin.objects.exists()


def test_who_takes_too_long_does_not_name_what_was_swept(
    ipfs: IpfsStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_name = Names.give_name

    def sweep_before(table: Names, *given: Any, **more: Any) -> Any:
        age_pins()
        assert storage.remove_unnamed() == 1
        return give_name(table, *given, **more)

    monkeypatch.setattr(Names, "give_name", sweep_before)
    with pytest.raises(StorageFault, match="too long"):
        storage.save_bytes("one", b"bytes")
    assert (names(), IpfsPin.objects.count()) == ([], 0)


def test_a_node_that_is_away_hinders_no_deletion(ipfs: IpfsStorage, settings: Any) -> None:
    storage.save_bytes("one", b"bytes")
    cid = cid_of("one")
    here = settings.STORAGES["media"]
    away = {**here["OPTIONS"], "rpc_url": "http://127.0.0.1:1", "cluster_url": ""}
    settings.STORAGES = {**settings.STORAGES, "media": {**here, "OPTIONS": away}}
    for use in (lambda: read("one"), lambda: storage.save_bytes("two", b"x"), storage.require_usable):
        with pytest.raises(Fault) as fault:
            use()
        assert type(fault.value) is StorageFault
    storage.delete("one")
    assert (names(), is_pinned(cid)) == ([], True)
    with pytest.raises(StorageFault):
        storage.remove_unnamed()
    settings.STORAGES = {**settings.STORAGES, "media": here}
    assert storage.remove_unnamed() == 1
    assert not is_pinned(cid)


def test_a_cluster_pins_and_unpins_with_the_node(settings: Any) -> None:
    with some_cluster() as url, own_ipfs(settings, cluster_url=url):
        cluster = IpfsCluster(url, "", 20)
        storage.require_usable()
        storage.save_bytes("one", b"bytes")
        cid = cid_of("one")
        wait_until(lambda: set(cluster.standing_of(cid).values()) == {"pinned"}, what="the cluster to pin")
        storage.delete("one")
        assert not IpfsPin.objects.exists()
        wait_until(lambda: set(cluster.standing_of(cid).values()) == {"unpinned"}, what="it to unpin")
        assert not is_pinned(cid)


def test_without_its_cluster_nothing_is_stored_and_the_rest_is_swept(
    ipfs: IpfsStorage, settings: Any
) -> None:
    storage.save_bytes("one", b"bytes")
    cid, here = cid_of("one"), settings.STORAGES["media"]
    away = {**here["OPTIONS"], "cluster_url": "http://127.0.0.1:1"}
    settings.STORAGES = {**settings.STORAGES, "media": {**here, "OPTIONS": away}}
    for use in (lambda: storage.save_bytes("two", b"x"), storage.require_usable):
        with pytest.raises(StorageFault, match="Cluster"):
            use()
    storage.delete("one")
    assert (names(), IpfsPin.objects.count(), is_pinned(cid)) == ([], 2, True)
    settings.STORAGES = {**settings.STORAGES, "media": here}
    age_pins()
    assert storage.remove_unnamed() == 2
    assert not is_pinned(cid)
