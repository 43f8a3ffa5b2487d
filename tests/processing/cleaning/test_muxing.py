from __future__ import annotations

from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.config import Container
from processing.cleaning.muxing import FRAGMENTS, choose_muxings


def ftyp(brand: bytes) -> bytes:
    return (20).to_bytes(4, "big") + b"ftyp" + brand + b"\0\0\2\0" + brand


INDEX = (16).to_bytes(4, "big") + b"moov" + b"\0" * 8
GROWING = (16).to_bytes(4, "big") + b"moov" + b"\0\0\0\x08mvex"
DATA = (99).to_bytes(4, "big") + b"mdat" + b"\0" * 20


def test_a_file_stays_of_its_kind() -> None:
    kinds = {b"isom": "mp4", b"M4A ": "mp4", b"qt  ": "mov", b"3gp5": "3gp", b"3g2a": "3g2"}
    for brand, muxer in kinds.items():
        (muxing,) = choose_muxings("mp4", ftyp(brand) + DATA)
        assert (muxing.muxer, muxing.options) == (muxer, {})
    for head, muxer in ((DATA, "mov"), (INDEX, "mov")):
        (muxing,) = choose_muxings("mp4", head)
        assert muxing.muxer == muxer
    for head, muxer in ((b"\x1aE\xdf\xa3..webm", "webm"), (b"\x1aE\xdf\xa3..matroska", "matroska")):
        (muxing,) = choose_muxings("matroska", head)
        assert muxing.muxer == muxer


def test_an_index_stays_where_it_was() -> None:
    for head, flags in ((INDEX + DATA, "+faststart"), (GROWING + DATA, FRAGMENTS), (DATA + INDEX, None)):
        (muxing,) = choose_muxings("mp4", ftyp(b"isom") + head)
        assert muxing.options.get("movflags") == flags


def test_all_but_program_streams_can_be_written() -> None:
    assert [one for one in get_args(Container) if not choose_muxings(one, b"")] == ["mpegps"]


@given(st.binary(max_size=100))
def test_any_beginning_will_do(head: bytes) -> None:
    assert choose_muxings("mp4", head)
