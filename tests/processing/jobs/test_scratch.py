from __future__ import annotations

from pathlib import Path

import pytest

from gilfoyle.lib.errors import NoSpace, StaleWork
from processing.errors import EncodeUnverified, ScratchUnusable, SourceUnreadable
from processing.jobs.models import Step
from processing.jobs.scratch import scratch_folder, scratch_root
from tests.captured_logs import logging_as
from tests.small_disk import fill, small_disk

MIB = 1024 * 1024
STEP = Step(pk="stp_x", attempt=3)


def fail_on_full(disk: Path, error: Exception) -> None:
    with scratch_folder(STEP):
        fill(disk)
        raise error


def test_a_folder_is_there_for_as_long_as_the_step(data_dir: Path) -> None:
    with scratch_folder(STEP) as folder:
        assert folder == data_dir / "work" / "stp_x-3"
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "deep").mkdir()
        (folder / "deep" / "file").write_bytes(b"x")
    assert list(scratch_root().iterdir()) == []


@pytest.mark.parametrize("error", [ValueError, StaleWork("x"), SourceUnreadable("x"), NoSpace("x")])
def test_what_goes_wrong_on_a_disk_with_room_comes_through(error: Exception) -> None:
    with pytest.raises(error if isinstance(error, type) else type(error)), scratch_folder(STEP):
        raise error
    assert list(scratch_root().iterdir()) == []


@pytest.mark.parametrize("error", [EncodeUnverified("x"), SourceUnreadable("x"), ValueError("x")])
def test_what_goes_wrong_on_a_full_disk_is_its_fault(data_dir: Path, error: Exception) -> None:
    with small_disk(data_dir, size_bytes=2 * MIB) as disk:
        with pytest.raises(NoSpace):
            fail_on_full(disk, error)
        assert list(scratch_root().iterdir()) == []


def test_a_write_that_did_not_fit_is_told_although_there_is_room_again(data_dir: Path) -> None:
    with small_disk(data_dir, size_bytes=2 * MIB), pytest.raises(NoSpace), scratch_folder(STEP) as folder:
        (folder / "large").write_bytes(bytes(4 * MIB))


def test_a_lease_that_was_lost_stays_lost_on_a_full_disk(data_dir: Path) -> None:
    with small_disk(data_dir, size_bytes=2 * MIB) as disk, pytest.raises(StaleWork):
        fail_on_full(disk, StaleWork("x"))


def test_a_disk_without_room_for_a_folder_is_full(data_dir: Path) -> None:
    with small_disk(data_dir, size_bytes=4096) as disk:
        (disk / "work").write_bytes(b"")  # the last inode or block is gone as well
        with pytest.raises((NoSpace, ScratchUnusable)), scratch_folder(STEP):
            raise AssertionError


def test_a_folder_that_cant_be_made_is_told_in_words(data_dir: Path) -> None:
    data_dir.mkdir()
    (data_dir / "work").write_text("a file where the folder should be")
    with pytest.raises(ScratchUnusable) as told, scratch_folder(STEP):
        raise AssertionError
    assert str(data_dir / "work") in told.value.message
    assert "can't be written" in told.value.message
    assert told.value.hint


def test_what_cant_be_cleared_is_logged(data_dir: Path) -> None:
    with (
        logging_as() as written,
        small_disk(data_dir / "work" / "stp_x-3" / "held", size_bytes=MIB),
        scratch_folder(STEP),
    ):
        pass  # a mount point can't be removed
    assert "scratch_not_cleared" in written.getvalue()
