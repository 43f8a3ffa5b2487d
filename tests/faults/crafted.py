"""Hostile files made by hand: what an attacker writes on purpose. Pure; `neighbour` is a file that must stay unread."""

from __future__ import annotations

from collections.abc import Mapping
from zlib import compress

Files = dict[str, bytes]


def box(kind: bytes, *bodies: bytes) -> bytes:
    body = b"".join(bodies)
    return (len(body) + 8).to_bytes(4, "big") + kind + body


def full_box(kind: bytes, *bodies: bytes) -> bytes:
    return box(kind, b"\0\0\0\0", *bodies)


def number(value: int, digits: int = 4) -> bytes:
    return (value % (1 << 8 * digits)).to_bytes(digits, "big")


def element(kind: bytes, *bodies: bytes) -> bytes:
    """An EBML element with a size of eight bytes."""
    body = b"".join(bodies)
    return kind + number(1 << 56 | len(body), 8) + body


FTYP = box(b"ftyp", b"isom", number(512), b"isomiso2mp41")
MATRIX = b"".join(map(number, (0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)))
EBML_HEAD = element(b"\x1aE\xdf\xa3", element(b"\x42\x82", b"matroska"))


def movie(
    *,
    width: int = 96,
    height: int = 64,
    duration: int = 1000,
    timescale: int = 1000,
    samples: int = 10,
    sample_bytes: int = 100,
    entry: bytes = b"avc1",
    dref: bytes = full_box(b"url "),
    handler: bytes = b"vide",
    tracks: int = 1,
    extra: bytes = b"",
) -> bytes:
    """An MP4 that is well-formed but for the numbers in it."""
    place = number(36 + 100_000)
    description = (
        box(entry, bytes(6), number(1, 2), bytes(16), number(width, 2), number(height, 2), bytes(50), extra)
        if handler == b"vide"
        else box(
            entry, bytes(6), number(1, 2), bytes(8), number(width, 2), number(height, 2), bytes(4), bytes(4)
        )
    )
    stbl = box(
        b"stbl",
        full_box(b"stsd", number(1), description),
        full_box(b"stts", number(1), number(samples), number(max(1, duration // max(1, samples)))),
        full_box(b"stsc", number(1), number(1), number(1), number(1)),
        full_box(b"stsz", number(sample_bytes), number(samples)),
        full_box(b"stco", number(1), place),
    )
    media = number(0) * 2 + number(timescale) + number(duration) + number(0x55C40000)
    head = full_box(b"vmhd", bytes(8)) if handler == b"vide" else full_box(b"smhd", bytes(4))
    mdia = box(
        b"mdia",
        full_box(b"mdhd", media),
        full_box(b"hdlr", bytes(4), handler, bytes(12), b"\0"),
        box(b"minf", head, box(b"dinf", full_box(b"dref", number(1), dref)), stbl),
    )
    tkhd = bytes(8) + number(1) + bytes(4) + number(duration) + bytes(16) + MATRIX
    trak = box(b"trak", box(b"tkhd", number(3), tkhd, number(width << 16), number(height << 16)), mdia)
    mvhd = number(0) * 2 + number(timescale) + number(duration) + number(0x10000) + bytes(12) + MATRIX
    moov = box(b"moov", full_box(b"mvhd", mvhd, bytes(24), number(2)), trak * tracks)
    return FTYP + moov + box(b"mdat", bytes(2000))


def nested(kind: bytes, depth: int) -> bytes:
    """Boxes in boxes; each says the truth about its size."""
    size = 8 * depth
    return b"".join(number(size - 8 * level) + kind for level in range(depth))


def _alias(path: bytes) -> bytes:
    """A QuickTime alias record that names another file."""
    name = path.rsplit(b"/", 1)[-1][:27]
    record = (
        bytes(10) + bytes([4]) + b"disk" + bytes(23) + bytes(12) + bytes([len(name)]) + name.ljust(63, b"\0")
    )
    record += bytes(16) + number(1, 2) + number(1, 2) + bytes(16)
    record += (
        number(18, 2)
        + number(len(path), 2)
        + path
        + b"\0" * (len(path) % 2)
        + number(0xFFFF, 2)
        + number(0, 2)
    )
    return full_box(b"alis", record)


def _reads_of_other_files(neighbour: str) -> Files:
    near = neighbour.encode()
    files: Files = {}
    for name, path in (("passwd", b"/etc/passwd"), ("neighbour", near)):
        files[f"dref url {name}"] = movie(dref=full_box(b"url ", b"file://" + path + b"\0"), entry=b"jpeg")
        files[f"dref alias {name}"] = movie(dref=_alias(path), entry=b"jpeg")
        reference = box(b"rdrf", number(0), b"url ", number(len(path)), path)
        files[f"reference movie {name}"] = FTYP + box(b"moov", box(b"rmra", box(b"rmda", reference)))
        files[f"ffconcat {name}"] = b"ffconcat version 1.0\nfile '" + path + b"'\n"
        playlist = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://" + path + b"\n#EXT-X-ENDLIST\n"
        files[f"m3u8 {name}"] = playlist
        files[f"m3u8 behind ftyp {name}"] = FTYP + playlist
        files[f"ffconcat behind moov {name}"] = movie() + b"\nffconcat version 1.0\nfile " + path + b"\n"
        files[f"m3u8 in ID3 {name}"] = b"ID3\4\0\0\0\0\2\0" + bytes(256) + playlist
        files[f"DASH {name}"] = b"<?xml version='1.0'?><MPD><BaseURL>file://" + path + b"</BaseURL></MPD>"
        segment = element(b"\x18\x53\x80\x67", element(b"\x15\x49\xa9\x66", element(b"\x3c\x83\xab", path)))
        files[f"linked segment {name}"] = EBML_HEAD + segment
    files["sdp"] = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n"
    files["svg with an entity"] = (
        b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        b'<svg xmlns="http://www.w3.org/2000/svg"><text>&x;</text></svg>'
    )
    files["html"] = b"<html><script>fetch('http://127.0.0.1/')</script></html>"
    files["html behind mdat"] = FTYP + box(b"mdat", b"<html><script>alert(1)</script></html>" * 50)
    files["zip in front of mp4"] = b"PK\x03\x04" + bytes(26) + movie()
    files["zip behind mp4"] = movie() + b"PK\x05\x06" + bytes(18)
    files["image sequence pattern"] = b"%d.jpg"
    files["shell script"] = b"#!/bin/sh\ntouch /tmp/owned\n"
    return files


def _absurd_numbers() -> Files:
    h264, big = b"avc1", 0xFFFFFFFF
    files = {
        "65535 x 65535": movie(width=0xFFFF, height=0xFFFF),
        "65535 x 65535 raw": movie(width=0xFFFF, height=0xFFFF, entry=b"raw "),
        "nothing wide": movie(width=0, height=0),
        "136 years": movie(duration=big, timescale=1),
        "time scale zero": movie(timescale=0),
        "time scale of four billion": movie(timescale=big),
        "four billion samples": movie(samples=big),
        "four billion empty samples": movie(samples=big, sample_bytes=0),
        "samples of four billion bytes": movie(sample_bytes=big),
        "ten thousand tracks": movie(tracks=10_000, entry=h264),
        "65535 channels": movie(width=0xFFFF, height=16, handler=b"soun", entry=b"twos"),
        "no channels": movie(width=0, height=0, handler=b"soun", entry=b"sowt"),
        "deep boxes": FTYP + nested(b"moov", 100_000),
        "deep udta": FTYP + box(b"moov", nested(b"udta", 50_000)),
        "deep elements": EBML_HEAD + b"".join(b"\x18\x53\x80\x67\x01\xff\xff\xff\xff\xff\xff\xff" for _ in range(50_000)),
        "avcC of nothing": movie(extra=box(b"avcC", b"\1\x64\0\x0a\xff\xe1\xff\xff\x67")),
        "ID3 of 256 megabytes": b"ID3\4\0\0\x7f\x7f\x7f\x7f" + bytes(4000),
        "ID3 in ID3": b"ID3\4\0\0\0\0\0\0" * 20_000,
        "compressed moov": FTYP + box(b"moov", box(b"cmov", box(b"dcom", b"zlib"), box(b"cmvd", number(0x7FFFFFFF), compress(bytes(4_000_000))))),
        "compressed header in matroska": EBML_HEAD + element(b"\x18\x53\x80\x67", element(b"\x16\x54\xae\x6b", element(b"\xae", element(b"\xd7", b"\1"), element(b"\x83", b"\1"), element(b"\x86", b"V_MPEG4/ISO/AVC"), element(b"\x6d\x80", element(b"\x62\x40", element(b"\x50\x34", element(b"\x42\x54", b"\0"))))))),
        "wav of a billion channels": b"RIFF" + bytes(4) + b"WAVEfmt " + (16).to_bytes(4, "little") + b"\1\0\xff\xff" + b"\xff" * 10 + b"\x10\0data" + b"\xff" * 4 + bytes(3000),
        "only sync bytes": b"\x47" * 188 * 200,
        "only start codes": b"\0\0\1\xba" + b"\0\0\1\xe0\0\0" * 3000,
        "empty ogg pages": (b"OggS\0\2" + bytes(20) + b"\0") * 500,
        "flv of empty tags": b"FLV\1\5\0\0\0\x09\0\0\0\0" + (b"\x09" + bytes(10) + number(11)) * 2000,
        "one byte": b"\0",
        "nothing": b"",
        "zeros": bytes(70_000),
    }  # fmt: skip
    for kind in (b"hvc1", b"av01", b"vp09", b"apcn", b"mp4v", b"jpeg", b"theo"):
        files[f"a {kind.decode()} without a codec's set-up"] = movie(entry=kind)
    return files


def crafted(neighbour: str) -> Mapping[str, bytes]:
    """Return all of them by name; some name the file `neighbour`."""
    return {**_reads_of_other_files(neighbour), **_absurd_numbers()}
