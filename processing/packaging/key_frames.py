"""Finds the picture that a segment begins with, where it can be decoded from there alone: what trick play shows. Pure."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from processing.packaging.boxes import MalformedBox, find_box
from processing.packaging.fragments import SOUND_ENTRIES, TRUN_OFFSET, InitSegment, read_fragment
from processing.packaging.split import MAX_MOOF_BYTES

HEADER_BYTES = 8
MAX_PICTURE_BYTES = 32 * 1024 * 1024  # larger ones are none that anybody should scrub through
# Where a decoder's configuration says how many bytes tell the length of a unit (ISO 14496-15), and which units are
# slices, and slices of an IDR picture. An I picture in an open group is none: what follows may refer to what is before.
AVC_LENGTH_AT, AVC_SLICES, AVC_IDR = 4, range(1, 6), range(5, 6)
HEVC_LENGTH_AT, HEVC_SLICES, HEVC_IDR = 21, range(32), range(19, 21)


def find_key_frame_bytes(segment: BinaryIO, init: InitSegment) -> int:
    """Return how many bytes of a segment hold its moof and its first picture; 0 where that does not stand alone.

    Raises: MalformedBox for what is no segment.
    """
    if init.sample_entry in SOUND_ENTRIES:
        return 0
    header = segment.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or header[4:] != b"moof":
        message = "a segment that does not begin with its moof"
        raise MalformedBox(message)
    (moof_bytes,) = struct.unpack_from(">I", header)
    if moof_bytes > MAX_MOOF_BYTES:
        message = f"a moof of {moof_bytes} bytes"
        raise MalformedBox(message)
    moof = header + segment.read(max(0, moof_bytes - HEADER_BYTES))
    first = read_fragment(moof).samples[0]
    begins_at = moof_bytes + HEADER_BYTES  # behind the mdat's header
    stands_first = _first_data_offset(moof) == begins_at
    if not (first.is_key and stands_first and 0 < first.size_bytes <= MAX_PICTURE_BYTES):
        return 0
    segment.read(HEADER_BYTES)
    picture = segment.read(first.size_bytes)
    is_whole = len(picture) == first.size_bytes
    return begins_at + first.size_bytes if is_whole and _stands_alone(picture, init) else 0


def _first_data_offset(moof: bytes) -> int | None:
    run = find_box(moof, ("moof", "traf", "trun")).body(moof)
    if len(run) < 12 or not int.from_bytes(run[1:4], "big") & TRUN_OFFSET:
        return None
    return int.from_bytes(run[8:12], "big", signed=True)


def _stands_alone(picture: bytes, init: InitSegment) -> bool:
    """Tell whether all slices are of an IDR picture; of VP9 and AV1 a key frame is one in every case."""
    config = init.decoder_config
    if init.sample_entry == "avc1" and len(config) > AVC_LENGTH_AT:
        kinds = [first & 0x1F for first in _units(picture, 1 + (config[AVC_LENGTH_AT] & 3))]
        slices, alone = AVC_SLICES, AVC_IDR
    elif init.sample_entry == "hvc1" and len(config) > HEVC_LENGTH_AT:
        kinds = [first >> 1 & 0x3F for first in _units(picture, 1 + (config[HEVC_LENGTH_AT] & 3))]
        slices, alone = HEVC_SLICES, HEVC_IDR
    else:
        return init.sample_entry in {"vp09", "av01"}
    found = [kind for kind in kinds if kind in slices]
    return bool(found) and all(kind in alone for kind in found)


def _units(picture: bytes, length_bytes: int) -> Iterator[int]:
    """Yield the first byte of each unit of a sample."""
    at = 0
    while at + length_bytes < len(picture):
        length = int.from_bytes(picture[at : at + length_bytes], "big")
        if length == 0:
            message = "a unit of no bytes"
            raise MalformedBox(message)
        yield picture[at + length_bytes]
        at += length_bytes + length
