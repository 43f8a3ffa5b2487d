"""Notes among the units of a picture are blotted out, and not one other byte is touched."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from processing.cleaning.child import FILL, X264, Units, notes_in_sei, units_of, with_changes

AVCC = bytes([1, 100, 0, 30, 0xFF, 0xE1, 0])
HVCC_HEAD = bytes([1]) + bytes(20) + bytes([3])
SECRET = b"0123456789abcdefGPS 52.5200 13.4050"


def message(kind: int, payload: bytes) -> bytes:
    def number(value: int) -> bytes:
        return b"\xff" * (value // 255) + bytes([value % 255])

    return number(kind) + number(len(payload)) + payload


def escaped(rbsp: bytes) -> bytes:
    out = bytearray()
    for byte in rbsp:
        if byte <= 3 and out[-2:] == b"\0\0":
            out.append(3)
        out.append(byte)
    return bytes(out)


def unescaped(data: bytes) -> bytes:
    out = bytearray()
    zeros = 0
    for byte in data:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


def sei(*messages: tuple[int, bytes]) -> bytes:
    return escaped(b"".join(message(*one) for one in messages) + b"\x80")


payloads = st.lists(st.sampled_from([0, 0, 1, 3, 32, 65, 255]), max_size=600).map(bytes)


@given(st.lists(st.tuples(st.sampled_from([0, 1, 4, 5, 6, 137, 300]), payloads), max_size=4))
def test_messages_of_users_say_nothing_and_all_others_what_they_said(said: list[tuple[int, bytes]]) -> None:
    before = sei(*said)
    after = with_changes(before, notes_in_sei(before, 0, len(before)))
    assert len(after) == len(before)
    assert not notes_in_sei(after, 0, len(after)), "a second time there is nothing to do"
    assert b"\0\0\1" not in after
    assert b"\0\0\0" not in after
    rest = unescaped(after)
    for kind, payload in said:
        head = message(kind, payload)[: -len(payload) or None]
        assert rest.startswith(head)
        told, rest = rest[len(head) : len(head) + len(payload)], rest[len(head) + len(payload) :]
        if kind == 5:
            assert set(told) <= {FILL, 0, 1, 2, 3}
        else:
            assert told == payload
    assert rest == b"\x80"


@given(st.binary(max_size=300))
def test_what_can_not_be_read_is_no_reason_to_stop(data: bytes) -> None:
    for codec, header in (("h264", AVCC), ("h264", b""), ("hevc", HVCC_HEAD + b"\1"), ("hevc", b"")):
        units = units_of(codec, header)
        assert units is not None
        assert len(with_changes(data, units.changes(data))) == len(data)
        assert len(with_changes(data, units.header_changes(data))) == len(data)


def test_units_are_found_by_their_lengths_and_by_start_codes() -> None:
    note = b"\x06" + sei((5, SECRET))
    slice_ = b"\x65" + message(5, SECRET)  # no SEI, whatever it looks like
    long = b"".join(len(unit).to_bytes(4, "big") + unit for unit in (slice_, note))
    coded = b"\0\0\0\1" + slice_ + b"\0\0\1" + note
    for units, data in ((Units("h264", 4), long), (Units("h264", 0), coded)):
        after = with_changes(data, units.changes(data))
        assert after.count(SECRET) == 1
        assert slice_ in after


def test_both_kinds_of_sei_and_the_header_of_h265() -> None:
    units = Units("hevc", 2)
    for kind in (39, 40):
        unit = bytes([kind << 1, 1]) + sei((5, SECRET))
        data = len(unit).to_bytes(2, "big") + unit
        assert SECRET not in with_changes(data, units.changes(data))
        header = bytes([1]) + bytes(20) + bytes([1, 1, 0xA7, 0, 1]) + data
        assert SECRET in header
        assert SECRET not in with_changes(header, units.header_changes(header))


def test_how_x264_coded_it_stays_for_decoders_work_around_its_old_faults() -> None:
    options = X264 + b"x264 - core 142 r2453 ea0ca51 - H.264/MPEG-4 AVC codec - options: cabac=1\0"
    data = sei((5, options))
    assert notes_in_sei(data, 0, len(data)) == []
    pretended = X264 + b"x264 - core 142" + bytes([0xC3, 0xA9]) + b"Somebody"
    data = sei((5, pretended))
    assert notes_in_sei(data, 0, len(data)) != []


def test_other_codecs_hide_nothing_in_this_way() -> None:
    assert units_of("vp9", b"") is None


def header(comments: list[bytes], *, first: bytes = b"\1vorbis", second: bytes = b"\3vorbis") -> bytes:
    said = b"".join(len(one).to_bytes(4, "little") + one for one in comments)
    vendor = b"Xiph"
    told = len(vendor).to_bytes(4, "little") + vendor + len(comments).to_bytes(4, "little") + said + b"\1"
    return b"\2\x1e\x30" + first.ljust(30, b"i") + second + told + b"\5vorbis setup"


@given(st.lists(st.binary(max_size=40), max_size=4))
def test_comments_of_vorbis_say_nothing(said: list[bytes]) -> None:
    comments = units_of("vorbis", b"")
    assert comments is not None
    before = header(said)
    changes = comments.header_changes(before)
    after = with_changes(before, changes)
    assert after == header([bytes([FILL]) * len(one) for one in said])
    assert comments.header_changes(after) == []
    assert comments.essence(after) == comments.essence(header([])) == comments.essence(before)
    assert b"setup" in comments.essence(before)
    assert comments.changes(before) == []


@given(st.binary(max_size=80))
def test_broken_comments_are_no_reason_to_stop(data: bytes) -> None:
    for codec, head in (("vorbis", b"\3vorbis"), ("theora", b"\x81theora")):
        comments = units_of(codec, b"")
        assert comments is not None
        for broken in (data, head + data, header([data])[: len(data)]):
            assert len(with_changes(broken, comments.header_changes(broken))) == len(broken)
            comments.essence(broken)
