"""The SHA-256 that a client says its whole file has, and the refusal of another file. Pure."""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Mapping

from videos.errors import SourceDiffers
from videos.uploads.errors import TusHeaderInvalid

METADATA_KEY = "sha256"
_DIGEST = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]+):\s*(?:,|$)")
_HEX = re.compile(rb"[0-9a-fA-F]{64}")


def read_digest_header(text: str | None) -> str | None:
    """Return what Repr-Digest (RFC 9530) says, in hex; None where it has no SHA-256.

    Raises: TusHeaderInvalid.
    """
    match = _DIGEST.search(text or "")
    if match is None:
        return None
    try:
        digest = base64.b64decode(match[1], validate=True)
    except binascii.Error:
        digest = b""
    if len(digest) != 32:
        message = "The sha-256 of Repr-Digest is not one."
        raise TusHeaderInvalid(message)
    return digest.hex()


def read_metadata_hash(metadata: Mapping[str, bytes]) -> str | None:
    """Return what Upload-Metadata says under `sha256`: the hash in hex.

    Raises: TusHeaderInvalid.
    """
    value = metadata.get(METADATA_KEY)
    if value is None:
        return None
    if not _HEX.fullmatch(value):
        message = "`sha256` in Upload-Metadata must be a SHA-256 in hex."
        raise TusHeaderInvalid(message)
    return value.decode("ascii").lower()


def require_whole_hash(found: str, wanted: str | None) -> None:
    """Refuse a file that is not the one that was announced.

    Raises: SourceDiffers.
    """
    if wanted is not None and not hmac.compare_digest(found, wanted):
        message = "The file that arrived is not the one that was announced: its SHA-256 is another one."
        raise SourceDiffers(message, hint="Send it again.")
