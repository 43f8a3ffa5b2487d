from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from processing.ffmpeg.progress import MAX_LINE_BYTES, Progress, ProgressReader

TWO_BLOCKS = (
    b"frame=12\nfps=0.0\nout_time_us=480000\nspeed=N/A\nprogress=continue\n"
    b"frame=30\nout_time_us=1200000\nprogress=end\n"
)
WANTED = [Progress(12, 0.48, is_end=False), Progress(30, 1.2, is_end=True)]


@given(st.lists(st.integers(0, len(TWO_BLOCKS))))
def test_it_reads_blocks_however_they_are_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(TWO_BLOCKS)]
    reader = ProgressReader()
    found = [
        block for begin, end in itertools.pairwise(places) for block in reader.feed(TWO_BLOCKS[begin:end])
    ]
    assert found == WANTED


@given(st.lists(st.binary(max_size=64)))
def test_it_takes_any_bytes(pieces: list[bytes]) -> None:
    reader = ProgressReader()
    for piece in pieces:
        for block in reader.feed(piece):
            assert block.frame >= 0
            assert block.out_time_s >= 0


def test_unknown_times_are_zero() -> None:
    assert ProgressReader().feed(b"out_time_us=N/A\nprogress=continue\n") == [Progress(0, 0.0, is_end=False)]


def test_a_line_without_end_is_not_kept() -> None:
    reader = ProgressReader()
    for _ in range(20):
        reader.feed(b"x" * MAX_LINE_BYTES)
    assert reader.feed(b"\nframe=1\nprogress=end\n") == [Progress(1, 0.0, is_end=True)]
