from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.cleaning.hidden import UNREADABLE, count_hidden, find_telling_boxes

CLEAN_TAGS = ("udta", ("meta", b"\0\0\0\0", ("hdlr", b"x"), ("ilst", b"")))


def box(kind: str, *inside: bytes | tuple[Any, ...]) -> bytes:
    body = b"".join(part if isinstance(part, bytes) else box(*part) for part in inside)
    return (len(body) + 8).to_bytes(4, "big") + kind.encode("latin-1") + body


def telling(*boxes: bytes) -> dict[str, int]:
    return dict(find_telling_boxes(io.BytesIO(b"".join(boxes)), "mp4"))


FTYP, MDAT = box("ftyp", b"isom"), box("mdat", b"\0" * 40)


def test_a_file_without_tags_tells_nothing() -> None:
    trak = ("trak", ("tkhd", b"x"), ("mdia", ("hdlr", b"VideoHandler")))
    assert telling(FTYP, MDAT, box("free", b""), box("moov", trak, CLEAN_TAGS)) == {}


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        (("udta", ("\xa9xyz", b"+52.5200+013.4050/")), "udta"),
        (("udta", ("meta", b"\0\0\0\0", ("hdlr", b""), ("ilst", ("\xa9ART", b"x")))), "ilst"),
        (("udta", ("meta", b"\0\0\0\0", ("keys", b"x"))), "meta"),
        (("trak", ("udta", ("loci", b"x"))), "udta"),
        (("trak", ("tref", ("chap", b"\0\0\0\1"))), "chap"),
        (("trak", ("mdia", ("minf", ("uuid", b"x" * 16)))), "uuid"),
        (("meta", ("hdlr", b"QuickTime's own way")), UNREADABLE),
    ],
)
def test_what_stands_in_the_index_is_found(inside: tuple[Any, ...], kind: str) -> None:
    assert kind in telling(FTYP, box("moov", inside), MDAT)


def test_what_stands_beside_it_is_found() -> None:
    moov = box("moov", CLEAN_TAGS)
    assert telling(FTYP, moov, box("uuid", b"XMP"), MDAT) == {"uuid": 1}
    assert telling(FTYP, moov, MDAT, box("free", b"\0GPS")) == {"free": 1}
    large = b"\0\0\0\1mdat" + (56).to_bytes(8, "big") + b"\0" * 40
    assert telling(FTYP, large, box("XYZ!", b"x"), moov) == {"XYZ!": 1}


def test_boxes_that_hold_tags_are_not_counted_twice() -> None:
    assert count_hidden({"udta": 2, "ilst": 1, "uuid": 1, "free": 3}) == 4


def test_other_containers_have_no_boxes() -> None:
    assert not find_telling_boxes(io.BytesIO(box("uuid", b"x")), "matroska")


@given(st.binary(max_size=200))
def test_what_is_no_box_is_no_reason_to_stop(data: bytes) -> None:
    telling(FTYP, box("moov", data), data)
