from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.reservations import Claim, free_bytes, is_same_disk, promised_bytes, reserve
from tests.embedded import ROOT
from tests.small_disk import small_disk

MIB = 1024 * 1024
HOLDER = """
import sys
from pathlib import Path
from gilfoyle.lib.reservations import Claim, reserve
registry, disk, size = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
with reserve(registry, [Claim(disk, size)], keep_bytes=0):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def disk(tmp_path: Path):
    with small_disk(tmp_path / "disk", size_bytes=8 * MIB) as disk:
        yield disk


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return tmp_path / "reservations"


def fits(registry: Path, disk: Path, size_bytes: int, *, keep_bytes: int = 0) -> bool:
    try:
        with reserve(registry, [Claim(disk, size_bytes)], keep_bytes=keep_bytes):
            return True
    except NoSpace:
        return False


def test_what_is_promised_to_one_is_not_there_for_another(registry: Path, disk: Path) -> None:
    assert fits(registry, disk, 8 * MIB)
    with reserve(registry, [Claim(disk, 5 * MIB)], keep_bytes=0):
        assert promised_bytes(registry, disk) == 5 * MIB
        assert fits(registry, disk, 3 * MIB)
        assert not fits(registry, disk, 3 * MIB + 1)
    assert promised_bytes(registry, disk) == 0
    assert fits(registry, disk, 8 * MIB)
    assert [path.name for path in registry.iterdir()] == ["lock"]


def test_the_reserve_stays(registry: Path, disk: Path) -> None:
    assert fits(registry, disk, 6 * MIB, keep_bytes=2 * MIB)
    assert not fits(registry, disk, 6 * MIB + 1, keep_bytes=2 * MIB)


def test_what_was_written_is_not_counted_twice(registry: Path, disk: Path) -> None:
    work = disk / "work"
    work.mkdir()
    with reserve(registry, [Claim(disk, 4 * MIB, written_to=work)], keep_bytes=0):
        (work / "encoded").write_bytes(bytes(3 * MIB))
        assert promised_bytes(registry, disk) == MIB
        (work / "encoded").write_bytes(bytes(5 * MIB))  # more than it was promised
        assert promised_bytes(registry, disk) == 0


def test_disks_are_told_apart_and_claims_on_one_add_up(registry: Path, disk: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    with small_disk(other, size_bytes=4 * MIB):
        assert not is_same_disk(disk, other)
        assert is_same_disk(disk, disk / "not" / "there" / "yet")
        assert (free_bytes(disk / "not"), free_bytes(other)) == (8 * MIB, 4 * MIB)
        with reserve(registry, [Claim(disk, 6 * MIB), Claim(other, MIB)], keep_bytes=0):
            assert (promised_bytes(registry, disk), promised_bytes(registry, other)) == (6 * MIB, MIB)
            assert fits(registry, other, 3 * MIB)
    twice = [Claim(disk, 5 * MIB), Claim(disk / "media", 4 * MIB)]
    with pytest.raises(NoSpace) as told, reserve(registry, twice, keep_bytes=0):
        raise AssertionError
    assert "9.0 MiB are needed" in told.value.message
    assert "8.0 MiB are free" in told.value.message


def test_a_promise_dies_with_its_process(registry: Path, disk: Path) -> None:
    argv = [sys.executable, "-c", HOLDER, str(registry), str(disk), str(6 * MIB)]
    with subprocess.Popen(argv, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert promised_bytes(registry, disk) == 6 * MIB
        assert not fits(registry, disk, 3 * MIB)
        holder.kill()
        holder.wait()
    assert promised_bytes(registry, disk) == 0
    assert fits(registry, disk, 8 * MIB)
    assert [path.name for path in registry.iterdir()] == ["lock"]


def test_without_a_registry_nothing_is_promised(registry: Path, disk: Path) -> None:
    assert promised_bytes(registry, disk) == 0
    assert not registry.exists()


def test_a_disk_too_full_to_note_a_promise_leaves_nothing_behind(disk: Path) -> None:
    registry = disk / "reservations"
    with pytest.raises(NoSpace), reserve(registry, [Claim(disk, 9 * MIB)], keep_bytes=0):
        raise AssertionError
    assert [path.name for path in registry.iterdir()] == ["lock"]


@given(st.lists(st.integers(0, 2**40), max_size=4))
def test_promises_add_up(tmp_path_factory: pytest.TempPathFactory, sizes: list[int]) -> None:
    folder = tmp_path_factory.mktemp("promises")
    claims = [Claim(folder, size) for size in sizes]
    with reserve(folder / "registry", claims, keep_bytes=-(2**60)):
        assert promised_bytes(folder / "registry", folder) == sum(sizes)
