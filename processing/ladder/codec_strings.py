"""Names codecs as players want them (RFC 6381), from what an init segment says."""

from __future__ import annotations

from collections.abc import Mapping

from gilfoyle.lib.audio_settings import AudioCodec

AAC_LC = "mp4a.40.2"  # ISO 14496-3 audio, object type 2
SOUND: Mapping[AudioCodec, str] = {"aac": AAC_LC, "opus": "opus"}


def video_codec_string(sample_entry: str, config: bytes) -> str:
    """Return the name of what an init segment's decoder configuration describes.

    Raises: ValueError when the configuration is none of this sample entry.
    """
    readers = {
        "avc1": avc_codec_string,
        "hvc1": hevc_codec_string,
        "vp09": vp9_codec_string,
        "av01": av1_codec_string,
    }
    if sample_entry not in readers:
        message = f"no picture is coded as {sample_entry}"
        raise ValueError(message)
    return readers[sample_entry](config)


def avc_codec_string(avcc: bytes) -> str:
    """Return e.g. "avc1.64001f" from the body of an avcC box (profile, constraints, level in bytes 1 to 3).

    Raises: ValueError when it is no avcC.
    """
    _require(len(avcc) >= 4 and avcc[0] == 1, "avcC")
    return f"avc1.{avcc[1:4].hex()}"


def hevc_codec_string(hvcc: bytes) -> str:
    """Return e.g. "hvc1.1.6.L93.90" from the body of an hvcC box (ISO 14496-15, annex E).

    Raises: ValueError when it is no hvcC.
    """
    _require(len(hvcc) >= 13 and hvcc[0] == 1, "hvcC")
    space = ("", "A", "B", "C")[hvcc[1] >> 6]
    tier = "H" if hvcc[1] & 0x20 else "L"
    profile = hvcc[1] & 0x1F
    # The flags stand with the first one in the highest bit, and are named with the first one in the lowest.
    compatible = int(f"{int.from_bytes(hvcc[2:6], 'big'):032b}"[::-1], 2)
    constraints = hvcc[6:12].rstrip(b"\0")
    parts = [
        f"{space}{profile}",
        f"{compatible:X}",
        f"{tier}{hvcc[12]}",
        *(f"{byte:X}" for byte in constraints),
    ]
    return f"hvc1.{'.'.join(parts)}"


def vp9_codec_string(vpcc: bytes) -> str:
    """Return e.g. "vp09.00.31.08.01.01.01.01.00" from the body of a vpcC box (VP9 in ISO media, version 1).

    Chroma, primaries, transfer, matrix and range follow profile, level and bit depth.
    Raises: ValueError when it is no vpcC.
    """
    _require(len(vpcc) >= 10 and vpcc[0] == 1, "vpcC")
    profile, level, packed, primaries, transfer, matrix = vpcc[4:10]
    depth, chroma, full_range = packed >> 4, packed >> 1 & 0b111, packed & 1
    parts = (profile, level, depth, chroma, primaries, transfer, matrix, full_range)
    return f"vp09.{'.'.join(f'{part:02d}' for part in parts)}"


def av1_codec_string(av1c: bytes) -> str:
    """Return e.g. "av01.0.04M.08" from the body of an av1C box; the parts left out mean 4:2:0 in BT.709.

    Raises: ValueError when it is no av1C.
    """
    _require(len(av1c) >= 4 and av1c[0] == 0x81, "av1C")
    profile, level = av1c[1] >> 5, av1c[1] & 0x1F
    tier = "H" if av1c[2] & 0x80 else "M"
    is_deep, is_twelve = av1c[2] & 0x40, av1c[2] & 0x20
    depth = 12 if is_deep and is_twelve else 10 if is_deep else 8
    return f"av01.{profile}.{level:02d}{tier}.{depth:02d}"


def _require(is_one: bool, kind: str) -> None:  # noqa: FBT001  # one private condition
    if not is_one:
        message = f"not the body of an {kind} box"
        raise ValueError(message)
