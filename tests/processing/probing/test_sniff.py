from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.config import Container
from processing.errors import (
    ContainerNotAccepted,
    SourceEmpty,
    SourceIsImage,
    SourceNotMedia,
    SourceRejected,
)
from processing.probing.sniff import HEAD_BYTES, audio_tag_bytes, sniff_container

TS_PACKET = b"\x47" + bytes(187)
HEADS: list[tuple[bytes, Container]] = [
    (b"\0\0\0\x18ftypmp42\0\0\0\0", "mp4"),
    (b"\0\0\0\x14ftypqt  \0\0\0\0", "mp4"),
    (b"\0\0\0\x08wide\0\0\1\0mdat", "mp4"),
    (b"\0\0\1\0moov", "mp4"),
    (b"\x1aE\xdf\xa3\x93B\x82\x88matroska", "matroska"),
    (b"\x1aE\xdf\xa3\x93B\x82\x84webm", "matroska"),
    (b"RIFF\0\0\0\0AVI LIST", "avi"),
    (b"RIFF\0\0\0\0WAVEfmt ", "wav"),
    (b"RF64\xff\xff\xff\xffWAVEds64", "wav"),
    (b"FLV\x01\x05\0\0\0\x09", "flv"),
    (b"OggS\0\x02", "ogg"),
    (b"fLaC\0\0\0\x22", "flac"),
    (b"\0\0\x01\xbaD\0\4\0", "mpegps"),
    (TS_PACKET * 8, "mpegts"),
    ((bytes(4) + TS_PACKET) * 8, "mpegts"),
    ((TS_PACKET + bytes(16)) * 8, "mpegts"),
    (b"\xff\xfb\x90\x64" + bytes(32), "mp3"),
    (b"\xff\xf1\x50\x80\x02\x1f\xfc", "aac"),
]


@pytest.mark.parametrize(("head", "container"), HEADS)
def test_it_tells_containers_by_their_own_bytes(head: bytes, container: Container) -> None:
    assert sniff_container(head) == container


@pytest.mark.parametrize(
    ("head", "error", "words"),
    [
        (b"", SourceEmpty, "empty"),
        (b"hello, world\n", SourceNotMedia, "text"),
        (b"\xef\xbb\xbf#EXTM3U\nother.mp4\n", SourceNotMedia, "playlist"),
        (b"ffconcat version 1.0\nfile other.mp4\n", SourceNotMedia, "playlist"),
        (b'<?xml version="1.0"?><MPD>', SourceNotMedia, "playlist"),
        (b"PK\x03\x04\x14\0", SourceNotMedia, "ZIP"),
        (b"%PDF-1.7\n", SourceNotMedia, "PDF"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", SourceIsImage, "image"),
        (b"\x89PNG\r\n\x1a\n", SourceIsImage, "image"),
        (b"GIF89a\1\0\1\0", SourceIsImage, "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", SourceIsImage, "image"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", SourceIsImage, "image"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", SourceIsImage, "image"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", ContainerNotAccepted, "Windows Media"),
        (b"\x1aE\xdf\xa3\x93B\x82\x84other", SourceNotMedia, "not a video"),
        (b"\x47" + bytes(600), SourceNotMedia, "not a video"),
        (bytes(1000), SourceNotMedia, "not a video"),
    ],
)
def test_it_refuses_everything_else_in_words(head: bytes, error: type[SourceRejected], words: str) -> None:
    with pytest.raises(error, match=words):
        sniff_container(head)


@given(
    st.one_of(
        st.binary(max_size=2000), st.sampled_from(HEADS).flatmap(lambda h: st.binary().map(h[0].__add__))
    )
)
def test_any_bytes_are_a_container_or_a_refusal(head: bytes) -> None:
    with suppress(SourceRejected):
        assert sniff_container(head)
    assert audio_tag_bytes(head) >= 0


def test_a_tag_before_sound_is_passed_over_by_its_own_length() -> None:
    assert audio_tag_bytes(b"ID3\x04\0\0\0\0\x02\x01") == 10 + 257
    assert audio_tag_bytes(b"ID3\x04\0\x10\0\0\x02\x01") == 10 + 257 + 10
    assert audio_tag_bytes(b"ID3\x04\0\0\xff\0\x02\x01") == 0
    assert audio_tag_bytes(b"\xff\xfb" + bytes(HEAD_BYTES)) == 0
