"""The tus protocol 1.0: what its headers say, what may be done, and what is answered. Decides, and touches nothing.

https://tus.io/protocols/resumable-upload (core and all extensions).
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Literal

from videos.errors import SourceTooLarge
from videos.uploads.errors import (
    BodyTypeUnsupported,
    ChecksumUnsupported,
    FinalUploadClosed,
    TusHeaderInvalid,
    TusVersionUnsupported,
    UploadLengthFixed,
    UploadOffsetMismatch,
)

VERSION = "1.0.0"
EXTENSIONS = (
    "creation",
    "creation-defer-length",
    "creation-with-upload",
    "expiration",
    "checksum",
    "termination",
    "concatenation",
    "concatenation-unfinished",
)
TRAILER_EXTENSION = "checksum-trailer"
ALGORITHMS = ("sha256", "sha1", "sha512", "md5")  # hashlib's own names too
BODY_TYPE = "application/offset+octet-stream"
METHODS = ("OPTIONS", "HEAD", "POST", "PATCH", "PUT", "DELETE")

MAX_DIGITS = 18  # more bytes than any disk has, and fewer than a column of the database can hold
MAX_METADATA_LENGTH = 4096
MAX_PARTS = 256
MAX_CONCAT_LENGTH = 64 * 1024

Kind = Literal["single", "resumable", "partial", "final", "direct"]
_METADATA_KEY = re.compile(r"[!-+\--~]+")  # visible ASCII but the comma: nothing that could end a header
_URL = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a body's bytes must hash to."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Concat:
    """Whether an upload is a part, or is put together from parts (their addresses, in order)."""

    text: str
    kind: Literal["partial", "final"]
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Creation:
    """What a new upload is to be. `length_bytes` None: told later, or the sum of its parts."""

    length_bytes: int | None
    metadata_text: str = ""
    metadata: Mapping[str, bytes] = field(default_factory=dict)
    concat: Concat | None = None
    has_body: bool = False
    is_direct: bool = False  # not by this protocol, but straight to the bucket

    @property
    def kind(self) -> Kind:
        if self.is_direct:
            return "direct"
        return self.concat.kind if self.concat else "resumable"


@dataclass(frozen=True, slots=True)
class Append:
    """What a PATCH wants: bytes from an offset on, with the length where it is told only now."""

    offset_bytes: int
    length_bytes: int | None = None
    checksum: Checksum | None = None
    checksum_follows: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an upload is. A final one that is not put together yet has no offset that means anything."""

    kind: Kind
    length_bytes: int | None
    offset_bytes: int
    expires_at: datetime
    metadata_text: str = ""
    concat_text: str = ""
    is_finished: bool = False

    @property
    def is_whole(self) -> bool:
        return self.length_bytes is not None and self.offset_bytes == self.length_bytes


@dataclass(frozen=True, slots=True)
class Window:
    """Where bytes go, how many there may be, and what the length is from now on."""

    start_bytes: int
    most_bytes: int
    length_bytes: int | None


def effective_method(method: str, headers: Mapping[str, str]) -> str:
    """Return the method that is meant: that of X-HTTP-Method-Override, where it is sent.

    Raises: TusHeaderInvalid.
    """
    override = headers.get("X-HTTP-Method-Override")
    if override is None:
        return method
    wanted = override.strip().upper()
    if wanted not in METHODS:
        message = "X-HTTP-Method-Override must name a method of the protocol."
        raise TusHeaderInvalid(message)
    return wanted


def require_version(headers: Mapping[str, str]) -> None:
    """Check that the client speaks this version.

    Raises: TusVersionUnsupported.
    """
    if headers.get("Tus-Resumable", "").strip() != VERSION:
        message = f"This server speaks version {VERSION} of the tus protocol."
        raise TusVersionUnsupported(message, hint=f"Send `Tus-Resumable: {VERSION}`.")


def read_creation(headers: Mapping[str, str], *, has_body: bool) -> Creation:
    """Read what a POST wants to create.

    Raises: TusHeaderInvalid, BodyTypeUnsupported.
    """
    length_bytes = read_number(headers, "Upload-Length")
    is_deferred = _read_deferral(headers)
    concat = read_concat(headers.get("Upload-Concat"))
    if length_bytes is not None and is_deferred:
        message = "Upload-Length and Upload-Defer-Length exclude each other."
        raise TusHeaderInvalid(message)
    if concat is not None and concat.kind == "final":
        if length_bytes is not None or is_deferred:
            message = "The length of a final upload is the sum of its parts; it can't be told."
            raise TusHeaderInvalid(message)
        if has_body:
            message = "A final upload is put together from its parts; it takes no bytes of its own."
            raise FinalUploadClosed(message)
    elif length_bytes is None and not is_deferred:
        message = "The length is missing."
        raise TusHeaderInvalid(message, hint="Send `Upload-Length`, or `Upload-Defer-Length: 1`.")
    if has_body:
        _require_body_type(headers)
    metadata_text = headers.get("Upload-Metadata", "").strip()
    return Creation(length_bytes, metadata_text, parse_metadata(metadata_text), concat, has_body)


def _read_deferral(headers: Mapping[str, str]) -> bool:
    text = headers.get("Upload-Defer-Length")
    if text is not None and text.strip() != "1":
        message = "Upload-Defer-Length can only be 1."
        raise TusHeaderInvalid(message)
    return text is not None


def read_append(headers: Mapping[str, str]) -> Append:
    """Read what a PATCH wants.

    Raises: BodyTypeUnsupported, TusHeaderInvalid, ChecksumUnsupported.
    """
    _require_body_type(headers)
    offset_bytes = read_number(headers, "Upload-Offset")
    if offset_bytes is None:
        message = "Upload-Offset is missing."
        raise TusHeaderInvalid(message, hint="Ask with HEAD how far the upload is.")
    return _append_at(offset_bytes, read_number(headers, "Upload-Length"), headers)


def read_first_append(headers: Mapping[str, str]) -> Append:
    """Read what the body of a creation is.

    Raises: TusHeaderInvalid, ChecksumUnsupported.
    """
    return _append_at(0, None, headers)


def _append_at(offset_bytes: int, length_bytes: int | None, headers: Mapping[str, str]) -> Append:
    checksum = read_checksum(headers.get("Upload-Checksum"))
    announced = {name.strip().lower() for name in headers.get("Trailer", "").split(",")}
    follows = checksum is None and "upload-checksum" in announced
    return Append(offset_bytes, length_bytes, checksum, follows)


def _require_body_type(headers: Mapping[str, str]) -> None:
    if headers.get("Content-Type", "").split(";")[0].strip().lower() != BODY_TYPE:
        message = f"The body must be sent as {BODY_TYPE}."
        raise BodyTypeUnsupported(message)


def decide_append(
    standing: Standing, append: Append, *, body_bytes: int | None, largest_bytes: int
) -> Window:
    """Decide whether bytes may be added; `body_bytes` None: as many as come, `largest_bytes`: the most of an upload.

    Raises: FinalUploadClosed, UploadOffsetMismatch, UploadLengthFixed, SourceTooLarge, TusHeaderInvalid.
    """
    if standing.kind == "final":
        message = "A final upload is put together from its parts; it takes no bytes of its own."
        raise FinalUploadClosed(message)
    if append.offset_bytes != standing.offset_bytes:
        message = f"The upload is at byte {standing.offset_bytes}, not at {append.offset_bytes}."
        raise UploadOffsetMismatch(
            message, hint="Ask with HEAD how far it is.", offset_bytes=standing.offset_bytes
        )
    length_bytes = standing.length_bytes
    if append.length_bytes is not None:
        length_bytes = _decide_length(standing, append.length_bytes, largest_bytes)
    most_bytes = (largest_bytes if length_bytes is None else length_bytes) - standing.offset_bytes
    if body_bytes is not None and body_bytes > most_bytes:
        raise too_many_bytes(length_bytes, largest_bytes)
    return Window(standing.offset_bytes, most_bytes, length_bytes)


def _decide_length(standing: Standing, wanted_bytes: int, largest_bytes: int) -> int:
    if standing.length_bytes is not None and standing.length_bytes != wanted_bytes:
        message = f"The length is {standing.length_bytes} bytes and can't be changed."
        raise UploadLengthFixed(message)
    if wanted_bytes < standing.offset_bytes:
        message = f"The upload has {standing.offset_bytes} bytes already; it can't be shorter."
        raise TusHeaderInvalid(message)
    if wanted_bytes > largest_bytes:
        raise too_many_bytes(None, largest_bytes)
    return wanted_bytes


def too_many_bytes(length_bytes: int | None, largest_bytes: int) -> SourceTooLarge:
    """Return the refusal of more bytes than were announced or are allowed."""
    if length_bytes is not None:
        return SourceTooLarge(
            f"More bytes came than the {length_bytes} that were announced.", hint="Start a new upload."
        )
    message = f"The largest file accepted here has {largest_bytes} bytes."
    return SourceTooLarge(message, hint="Send a smaller file, or ask who runs this to raise the limit.")


def read_number(headers: Mapping[str, str], name: str) -> int | None:
    """Return a header that is a whole number of bytes, None where it is not sent.

    Raises: TusHeaderInvalid.
    """
    text = headers.get(name)
    if text is None:
        return None
    digits = text.strip()
    if not (digits.isascii() and digits.isdigit()):
        message = f"{name} must be a whole number."
        raise TusHeaderInvalid(message)
    digits = digits.lstrip("0") or "0"
    # Longer ones are cut rather than parsed: still larger than anything that is accepted.
    return int(digits[: MAX_DIGITS + 1]) if len(digits) <= MAX_DIGITS else 10**MAX_DIGITS


def parse_metadata(text: str) -> dict[str, bytes]:
    """Read Upload-Metadata: keys and Base64 values.

    Raises: TusHeaderInvalid.
    """
    if len(text) > MAX_METADATA_LENGTH or not _can_be_told(text):
        message = f"Upload-Metadata may have {MAX_METADATA_LENGTH} characters of ASCII at most."
        raise TusHeaderInvalid(message)
    metadata: dict[str, bytes] = {}
    for pair in text.split(",") if text else ():
        key, _, value = pair.strip().partition(" ")
        if not _METADATA_KEY.fullmatch(key) or key in metadata:
            message = "A key of Upload-Metadata is empty, there twice, or holds what it may not."
            raise TusHeaderInvalid(message)
        metadata[key] = _from_base64(value, "Upload-Metadata")
    return metadata


def _can_be_told(text: str) -> bool:
    """Tell whether a text can stand in an answer's header as it came."""
    return text.isascii() and (text.isprintable() or not text)


def _from_base64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        message = f"A value of {name} is not Base64."
        raise TusHeaderInvalid(message) from None


def read_concat(text: str | None) -> Concat | None:
    """Read Upload-Concat.

    Raises: TusHeaderInvalid.
    """
    if text is None:
        return None
    text = text.strip()
    if text == "partial":
        return Concat(text, "partial")
    head, separator, rest = text.partition(";")
    urls = tuple(rest.split())
    is_final = head.strip() == "final" and bool(separator) and 1 <= len(urls) <= MAX_PARTS
    is_final = is_final and _can_be_told(text)
    if not is_final or len(text) > MAX_CONCAT_LENGTH or not all(_URL.fullmatch(url) for url in urls):
        message = f"Upload-Concat must be `partial`, or `final;` and 1 to {MAX_PARTS} addresses of parts."
        raise TusHeaderInvalid(message)
    return Concat(text, "final", urls)


def part_id(url: str) -> str:
    """Return the id of the part that an address names: its last segment, whatever stands before it."""
    return url.partition("?")[0].partition("#")[0].rstrip("/").rpartition("/")[2]


def read_checksum(text: str | None) -> Checksum | None:
    """Read Upload-Checksum, of a header or a trailer.

    Raises: ChecksumUnsupported, TusHeaderInvalid.
    """
    if text is None:
        return None
    algorithm, _, encoded = text.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        message = "This checksum algorithm is not supported."
        raise ChecksumUnsupported(message, hint=f"Supported are {', '.join(ALGORITHMS)}.")
    return Checksum(algorithm, _from_base64(encoded.strip(), "Upload-Checksum"))


def describe_server(*, largest_bytes: int, has_trailers: bool) -> dict[str, str]:
    """Return the headers that tell what this server can do."""
    extensions = (*EXTENSIONS, TRAILER_EXTENSION) if has_trailers else EXTENSIONS
    return {
        "Tus-Version": VERSION,
        "Tus-Extension": ",".join(extensions),
        "Tus-Max-Size": str(largest_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }


def describe_upload(standing: Standing) -> dict[str, str]:
    """Return the headers that tell how far an upload is (HEAD)."""
    headers = {"Cache-Control": "no-store"}
    if standing.kind != "final" or standing.is_finished:
        headers["Upload-Offset"] = str(standing.offset_bytes)
    if standing.length_bytes is not None:
        headers["Upload-Length"] = str(standing.length_bytes)
    elif standing.kind != "final":
        headers["Upload-Defer-Length"] = "1"
    if standing.metadata_text:
        headers["Upload-Metadata"] = standing.metadata_text
    if standing.concat_text:
        headers["Upload-Concat"] = standing.concat_text
    return headers | describe_expiry(standing)


def describe_progress(standing: Standing) -> dict[str, str]:
    """Return the headers that confirm what was received (PATCH, and POST with a body)."""
    return {"Upload-Offset": str(standing.offset_bytes)} | describe_expiry(standing)


def describe_expiry(standing: Standing) -> dict[str, str]:
    """Return when an unfinished upload is removed."""
    if standing.is_finished:
        return {}
    return {"Upload-Expires": format_datetime(standing.expires_at, usegmt=True)}


def location(request_path: str, name: str) -> str:
    """Return the address of a new upload, relative to the one it was posted to: no proxy can make it wrong."""
    return name if request_path.endswith("/") else f"{request_path.rpartition('/')[2]}/{name}"
