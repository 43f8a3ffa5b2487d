from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib import growing_file
from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.growing_file import BLOCK_BYTES, GrowingFile
from gilfoyle.lib.storage_faults import StorageFault

DATA = os.urandom(3 * BLOCK_BYTES + 12345)
DIRECT = getattr(os, "O_DIRECT", 0)
PWRITE = os.pwrite


def put(file: GrowingFile, data: bytes, *, most: int = BLOCK_BYTES) -> None:
    """Give bytes as they come in: as many at once as there is space for."""
    rest = memoryview(data)
    while rest:
        space = file.space()[: min(len(rest), most)]
        space[:] = rest[: len(space)]
        file.take(len(space))
        rest = rest[len(space) :]


def opened(path: Path, kept_bytes: int = 0, *, is_read_soon: bool = False) -> GrowingFile:
    return GrowingFile(f"uploads/p/u/{path.name}", path, kept_bytes, is_read_soon=is_read_soon)


def finish(file: GrowingFile) -> None:
    file.flush()
    file.close()


def is_direct(descriptor: int) -> bool:
    return bool(fcntl.fcntl(descriptor, fcntl.F_GETFL) & DIRECT)


@pytest.fixture
def path(media_dir: Path) -> Path:
    return media_dir / "uploads" / "p" / "u" / "one"


@pytest.fixture
def direct_path(path: Path) -> Path:
    """Return a path on a filesystem that writes past the page cache."""
    path.parent.mkdir(parents=True)
    trial = path.with_name("trial")
    trial.touch()
    descriptor = growing_file._open_direct(trial)
    if descriptor is None:
        pytest.skip("This filesystem, or system, writes nothing past the page cache.")
    os.close(descriptor)
    return path


@pytest.mark.parametrize("is_read_soon", [False, True])
@pytest.mark.parametrize("flush_at", [0, 1, 4096, BLOCK_BYTES, BLOCK_BYTES + 7, 3 * BLOCK_BYTES])
def test_it_has_all_bytes_wherever_it_was_flushed_and_gone_on_with(
    path: Path, *, is_read_soon: bool, flush_at: int
) -> None:
    file = opened(path, is_read_soon=is_read_soon)
    put(file, DATA[:flush_at], most=300_000)
    file.flush()
    assert path.read_bytes() == DATA[:flush_at]
    put(file, DATA[flush_at:-5])
    finish(file)
    if flush_at:
        put(file := opened(path, flush_at, is_read_soon=is_read_soon), DATA[flush_at:-5], most=700_001)
        finish(file)
    put(file := opened(path, len(DATA) - 5, is_read_soon=is_read_soon), DATA[-5:])
    finish(file)
    assert path.read_bytes() == DATA
    assert file.size_bytes == len(DATA)


def test_whole_blocks_go_past_the_page_cache_and_nothing_else(
    direct_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[bool, int, int]] = []

    def note(descriptor: int, data: memoryview, start: int) -> int:
        seen.append((is_direct(descriptor), start, len(data)))
        return PWRITE(descriptor, data, start)

    monkeypatch.setattr(os, "pwrite", note)
    for is_read_soon in (False, True):
        file = opened(direct_path.with_name(str(is_read_soon)), is_read_soon=is_read_soon)
        put(file, DATA[:1000])
        file.flush()  # the rest of this block is none
        put(file, DATA[1000:])
        finish(file)
        wanted = not is_read_soon
        assert sorted(seen, key=lambda one: one[1]) == [
            (False, 0, 1000),
            (False, 1000, BLOCK_BYTES - 1000),
            (wanted, BLOCK_BYTES, BLOCK_BYTES),
            (wanted, 2 * BLOCK_BYTES, BLOCK_BYTES),
            (False, 3 * BLOCK_BYTES, 12345),
        ]
        seen.clear()


def test_a_filesystem_that_opens_nothing_so_is_written_through_the_page_cache(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: Path, flags: int, *mode: int) -> int:
        if flags & DIRECT:
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(path, flags, *mode)

    monkeypatch.setattr(os, "open", refuse)
    put(file := opened(path), DATA)
    finish(file)
    monkeypatch.undo()
    assert path.read_bytes() == DATA


def test_a_system_without_it_writes_through_the_page_cache(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "O_DIRECT", raising=False)
    put(file := opened(path), DATA)
    finish(file)
    assert path.read_bytes() == DATA


@pytest.mark.parametrize("taken", [None, 0, 512, BLOCK_BYTES - 4096])
def test_what_is_refused_or_left_of_a_block_goes_through_the_page_cache(
    direct_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int | None
) -> None:
    def write_less(descriptor: int, data: memoryview, start: int) -> int:
        if is_direct(descriptor) and taken is None:
            raise OSError(errno.EINVAL, "Invalid argument")
        # What a short write took is there: by the other descriptor, as this one may want whole pages.
        count = taken if is_direct(descriptor) and taken is not None else min(len(data), 500_000)
        return PWRITE(file._file.fileno(), data[:count], start)

    file = opened(direct_path)
    monkeypatch.setattr(os, "pwrite", write_less)
    put(file, DATA)
    finish(file)
    assert direct_path.read_bytes() == DATA


@pytest.mark.parametrize(("number", "error"), [(errno.EIO, StorageFault), (errno.ENOSPC, NoSpace)])
@pytest.mark.parametrize("is_read_soon", [False, True])
def test_a_block_that_can_not_be_written_is_told_of(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception], *, is_read_soon: bool
) -> None:
    def fail(*_: Any) -> int:
        raise OSError(number, "told once")

    def put_and_flush() -> None:
        put(file, DATA[:BLOCK_BYTES])
        file.flush()

    file = opened(path, is_read_soon=is_read_soon)
    monkeypatch.setattr(os, "pwrite", fail)
    with pytest.raises(error):
        put_and_flush()
    file.close()


def test_a_disk_that_fills_up_after_half_a_block_is_told_of(
    direct_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill_up(descriptor: int, data: memoryview, start: int) -> int:
        if is_direct(descriptor):
            return PWRITE(descriptor, data[: BLOCK_BYTES // 2], start)
        raise OSError(errno.ENOSPC, "No space left on device")

    file = opened(direct_path)
    monkeypatch.setattr(os, "pwrite", fill_up)
    put(file, DATA[:BLOCK_BYTES])
    with pytest.raises(NoSpace):
        file.flush()
    file.close()


def test_a_block_on_its_way_is_not_written_over(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, may_go_on = threading.Event(), threading.Event()

    def slow(descriptor: int, data: memoryview, start: int) -> int:
        begun.set()
        may_go_on.wait()
        return PWRITE(descriptor, data, start)

    file = opened(path)
    file._direct = file._direct or os.dup(file._file.fileno())  # where a filesystem has no such thing
    monkeypatch.setattr(os, "pwrite", slow)
    put(file, DATA[: 2 * BLOCK_BYTES - 1])  # the second block is filled beside the first
    assert begun.wait(60)
    may_go_on.set()
    put(file, DATA[2 * BLOCK_BYTES - 1 :])
    finish(file)
    assert path.read_bytes() == DATA


@pytest.fixture
def _syncs_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growing_file, "BLOCK_BYTES", 3)
    monkeypatch.setattr(growing_file, "AHEAD_BYTES", 3)


@pytest.mark.usefixtures("_syncs_often")
def test_what_came_is_brought_to_the_disk_while_more_comes(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(_descriptor: int) -> None:
        begun.set()
        may_end.wait()

    monkeypatch.setattr(growing_file, "SYNC_DATA", slow)
    put(file := opened(path, is_read_soon=True), b"abc")
    assert begun.wait(60)
    put(file, b"defghi")  # does not wait, and begins no second one
    may_end.set()
    finish(file)
    assert path.read_bytes() == b"abcdefghi"


@pytest.mark.usefixtures("_syncs_often")
@pytest.mark.parametrize(("number", "error"), [(errno.EIO, StorageFault), (errno.ENOSPC, NoSpace)])
def test_a_failure_on_the_way_to_the_disk_is_told_by_the_flush(
    path: Path, monkeypatch: pytest.MonkeyPatch, number: int, error: type[Exception]
) -> None:
    """The kernel tells of it once: the flush itself would succeed."""

    def fail(_descriptor: int) -> None:
        raise OSError(number, "told once")

    monkeypatch.setattr(growing_file, "SYNC_DATA", fail)
    put(file := opened(path, is_read_soon=True), b"abc")
    with pytest.raises(error):
        file.flush()
    file.close()


@pytest.mark.usefixtures("_syncs_often")
def test_a_file_is_closed_when_its_thread_has_let_go_of_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    begun = threading.Event()

    def look(descriptor: int) -> None:
        begun.set()
        os.fstat(descriptor)
        seen.append(True)

    monkeypatch.setattr(growing_file, "SYNC_DATA", look)
    put(file := opened(path, is_read_soon=True), b"abc")
    assert begun.wait(60)
    file.close()
    assert seen == [True]
