from __future__ import annotations

import pytest

from processing.ladder.codec_strings import AAC_LC, video_codec_string


@pytest.mark.parametrize(
    ("entry", "config", "wanted"),
    [
        ("avc1", "0164001fffe1", "avc1.64001f"),
        # The example of ISO 14496-15, annex E, in the words of RFC 6381: Main, compatible with Main and Main 10.
        ("hvc1", "01 01 60000000 b00000000000 5d", "hvc1.1.6.L93.B0"),
        ("hvc1", "01 22 20000000 900000000000 99", "hvc1.2.4.H153.90"),
        ("hvc1", "01 81 60000000 000000000000 3c", "hvc1.B1.6.L60"),
        ("hvc1", "01 04 08000000 9e0800000000 78", "hvc1.4.10.L120.9E.8"),
        ("vp09", "01000000 001f 82 010101 0000", "vp09.00.31.08.01.01.01.01.00"),
        ("vp09", "01000000 020a a3 091009 0000", "vp09.02.10.10.01.09.16.09.01"),
        ("av01", "81 04 0c 00", "av01.0.04M.08"),
        ("av01", "81 0f cc 00", "av01.0.15H.10"),
        ("av01", "81 45 6c 00", "av01.2.05M.12"),
    ],
)  # fmt: skip
def test_known_names(entry: str, config: str, wanted: str) -> None:
    assert video_codec_string(entry, bytes.fromhex(config)) == wanted


@pytest.mark.parametrize("entry", ["avc1", "hvc1", "vp09", "av01"])
@pytest.mark.parametrize("config", [b"", b"\1", b"\2" * 32])
def test_what_is_no_configuration_is_refused(entry: str, config: bytes) -> None:
    with pytest.raises(ValueError, match="not the body of"):
        video_codec_string(entry, config)


def test_sound_is_no_picture() -> None:
    with pytest.raises(ValueError, match="mp4a"):
        video_codec_string("mp4a", b"\1" * 32)


def test_sound() -> None:
    assert AAC_LC == "mp4a.40.2"
