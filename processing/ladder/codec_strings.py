"""Names codecs as players want them (RFC 6381)."""

from __future__ import annotations

AAC_LC = "mp4a.40.2"  # ISO 14496-3 audio, object type 2


def avc_codec_string(avcc: bytes) -> str:
    """Return e.g. "avc1.64001f" from the body of an avcC box (profile, constraints, level in bytes 1 to 3).

    Raises: ValueError when it is no avcC.
    """
    if len(avcc) < 4 or avcc[0] != 1:
        message = "not the body of an avcC box"
        raise ValueError(message)
    return f"avc1.{avcc[1:4].hex()}"
