from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gilfoyle.lib.errors import NoSpace
from processing.errors import ToolFailed
from processing.ffmpeg.full_disk import WORDS, has_room, says_full
from processing.ffmpeg.runner import Files, Limits, run_ffmpeg
from tests.clips import ffmpeg_path
from tests.small_disk import fill, small_disk

MIB = 1024 * 1024
LIMITS = Limits(memory_bytes=4 * 1024 * MIB, cpu_s=60, file_bytes=64 * MIB)
NOISE = ("-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4")
RAW = ("-f", "rawvideo")


def run(target: Path, *, limits: Limits = LIMITS, program: str = "", args: tuple[str, ...] = RAW) -> None:
    argv = [program or ffmpeg_path(), "-nostdin", "-loglevel", "error", *NOISE, *args, str(target)]
    run_ffmpeg(
        argv,
        files=Files(writes=(target.parent,)),
        limits=limits,
        time_limit_s=60,
        heartbeat=lambda: None,
    )


def test_the_words_are_those_of_the_system() -> None:
    assert WORDS == ("No space left on device", "Disk quota exceeded")
    assert says_full("av_interleaved_write_frame(): No space left on device")
    assert not says_full("File too large")
    assert not says_full("")


def test_room_is_what_can_be_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size_bytes=2 * MIB) as disk:
        assert has_room(disk)
        fill(disk, but_bytes=MIB // 2)
        assert not has_room(disk)
        assert [path.name for path in disk.iterdir()] == ["filler"]
    assert has_room(tmp_path / "missing")  # another trouble


@pytest.mark.parametrize("program", ["", "/usr/bin/ffmpeg"])
@pytest.mark.parametrize("args", [RAW, ("-c:v", "libx264", "-f", "mp4", "-movflags", "frag_keyframe")])
def test_a_program_that_meets_a_full_disk_tells_of_no_space(
    tmp_path: Path, program: str, args: tuple[str, ...]
) -> None:
    if program and not Path(program).exists():
        pytest.skip("an older ffmpeg would be tried, too")
    with small_disk(tmp_path / "disk", size_bytes=2 * MIB) as disk:
        fill(disk, but_bytes=8192)
        with pytest.raises(NoSpace) as told:
            run(disk / "written", program=program, args=args)
    assert told.value.facts["is_sure"]
    assert "No space left" in told.value.facts["stderr_tail"]


def test_a_file_beyond_its_limit_is_something_else(tmp_path: Path) -> None:
    small = Limits(memory_bytes=LIMITS.memory_bytes, cpu_s=60, file_bytes=65_536)
    with pytest.raises(ToolFailed) as told:
        run(tmp_path / "written", limits=small)
    assert "larger file than it may" in told.value.message or "File too large" in told.value.stderr_tail


def test_the_word_of_a_program_alone_is_doubted(tmp_path: Path) -> None:
    words = os.strerror(errno.ENOSPC)
    for code in (0, 1):
        with pytest.raises(NoSpace) as told:
            run_ffmpeg(
                ["/bin/sh", "-c", f"echo {words} >&2; exit {code}"],
                files=Files(writes=(tmp_path,)),
                limits=LIMITS,
                time_limit_s=60,
                heartbeat=lambda: None,
            )
        assert not told.value.facts["is_sure"]


def test_a_program_that_writes_nothing_meets_no_full_disk() -> None:
    words = os.strerror(errno.ENOSPC)
    with pytest.raises(ToolFailed):
        run_ffmpeg(
            ["/bin/sh", "-c", f"echo {words} >&2; exit 1"],
            files=Files(),
            limits=LIMITS,
            time_limit_s=60,
            heartbeat=lambda: None,
        )
