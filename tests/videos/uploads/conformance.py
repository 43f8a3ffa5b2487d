"""What the text of the tus protocol 1.0.0 asks of a server, rule by rule, and which test shows each.

The rules are told in our own words, in the order of the text (https://tus.io/protocols/resumable-upload). What it asks
of clients alone is not here; what it leaves open (MAY) only where we do it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

Test = TypeVar("Test", bound=Callable[..., Any])

RULES: dict[str, tuple[str, str]] = {
    # Core, headers
    "offset-is-a-number": ("MUST", "Upload-Offset is a whole number, not negative."),
    "length-is-a-number": ("MUST", "Upload-Length is a whole number, not negative."),
    "version-list": ("MUST", "Tus-Version lists the versions that are spoken, the preferred one first."),
    "resumable-everywhere": ("MUST", "Tus-Resumable is in every answer (but to OPTIONS)."),
    "other-version-412": ("MUST", "Another version of the client: 412, with Tus-Version."),
    "other-version-untouched": ("MUST NOT", "Such a request is not processed."),
    "extension-list": ("MUST", "Tus-Extension lists the extensions."),
    "max-size-is-a-number": ("MUST", "Tus-Max-Size is a whole number: the largest upload."),
    "max-size-told": ("SHOULD", "It is sent where there is a hard limit."),
    "override": ("MUST", "X-HTTP-Method-Override is the method; the actual one is ignored."),
    # Core, HEAD
    "head-offset": ("MUST", "HEAD always tells Upload-Offset, also when it is 0 or all is there."),
    "head-length": ("MUST", "HEAD tells Upload-Length where it is known."),
    "head-missing": ("SHOULD", "HEAD of what is not there: 404, 410 or 403, without Upload-Offset."),
    "head-status": ("SHOULD", "HEAD is answered with 200 or 204."),
    "head-no-store": ("MUST", "HEAD is not cached: Cache-Control: no-store."),
    # Core, PATCH
    "patch-applies": ("SHOULD", "PATCH writes the bytes at Upload-Offset of any upload."),
    "patch-type": ("MUST", "The body's type is application/offset+octet-stream,"),
    "patch-415": ("SHOULD", "otherwise 415."),
    "patch-409": ("MUST", "Another offset than the upload's: 409, and nothing is changed."),
    "patch-204": ("MUST", "A PATCH that succeeded: 204,"),
    "patch-new-offset": ("MUST", "with the new Upload-Offset,"),
    "patch-sum": ("MUST", "which is the old one plus what was received and stored."),
    "patch-404": ("SHOULD", "PATCH of what is not there: 404."),
    "errors-are-met": ("SHOULD", "Network errors are noticed: a timeout closes the connection."),
    "keeps-what-came": ("SHOULD", "As much as possible of what was received is stored."),
    # Core, OPTIONS
    "options-version": ("MUST", "OPTIONS: 204 or 200 with Tus-Version;"),
    "options-ignores": ("MUST", "Tus-Resumable of the request is ignored."),
    # Creation
    "creation": ("SHOULD", "There is the creation extension,"),
    "creation-told": ("MUST", "and `creation` in Tus-Extension."),
    "defer-is-one": ("MUST", "Upload-Defer-Length is 1;"),
    "defer-400": ("SHOULD", "another value: 400."),
    "defer-omitted": ("MUST", "Where the length is known it is not sent."),
    "metadata-pairs": ("MUST", "Upload-Metadata: comma-separated pairs of key and Base64 value;"),
    "metadata-keys": ("MUST", "keys are not empty, have no spaces and commas, and are unique."),
    "metadata-safe": ("SHOULD", "Metadata is validated before it is used in headers."),
    "length-or-defer": ("MUST", "A creation has Upload-Length or Upload-Defer-Length."),
    "length-set-once": ("MUST NOT", "A length that was set is not changed."),
    "head-defer": ("MUST", "While the length is unknown, HEAD tells Upload-Defer-Length: 1."),
    "defer-told": ("MUST", "`creation-defer-length` is in Tus-Extension."),
    "empty-file": ("MAY", "An upload of length 0 is complete at once."),
    "head-metadata": ("MUST", "HEAD tells Upload-Metadata as it came."),
    "too-long-413": ("MUST", "A length beyond the maximum: 413."),
    "creation-201": ("MUST", "A creation that succeeded: 201,"),
    "creation-location": ("MUST", "with the address in Location (relative or absolute)."),
    # Creation with upload
    "with-upload-told": ("MUST", "`creation-with-upload` is in Tus-Extension, beside `creation`."),
    "with-upload-type": ("MUST", "The body's type is application/offset+octet-stream."),
    "with-upload-keeps": ("SHOULD", "As many bytes as possible are accepted,"),
    "with-upload-offset": ("MUST", "and Upload-Offset tells how many."),
    # Expiration
    "expiration-told": ("MUST", "`expiration` is in Tus-Extension."),
    "expires-patch": ("MUST", "Upload-Expires is in every answer to PATCH of an upload that will expire,"),
    "expires-post": ("MUST", "and to the creation, where it is known."),
    "expired-gone": ("SHOULD", "What has expired: 404 or 410;"),
    "expired-410": ("SHOULD", "410 where expired uploads are remembered."),
    "expires-format": ("MUST", "Upload-Expires is a date as HTTP writes it."),
    # Checksum
    "checksum-told": ("MUST", "`checksum` is in Tus-Extension."),
    "checksum-verified": ("MUST", "Once all came, the bytes are compared with Upload-Checksum."),
    "checksum-answers": ("MAY", "400: unknown algorithm; 460: mismatch; 204: match."),
    "checksum-discards": ("MUST", "In the first two cases the bytes are discarded,"),
    "checksum-untouched": ("MUST NOT", "and the offset is not changed."),
    "sha1": ("MUST", "At least sha1 is supported."),
    "algorithm-names": ("MUST", "Names of algorithms are ASCII without upper case."),
    "algorithms-told": ("MUST", "Tus-Checksum-Algorithm is in the answer to OPTIONS, comma-separated."),
    "trailer-told": ("MUST", "`checksum-trailer` is in Tus-Extension where trailers are handled."),
    "checksum-form": ("MUST", "Upload-Checksum: the algorithm, a space, the Base64 of the checksum."),
    # Termination
    "termination-told": ("MUST", "`termination` is in Tus-Extension."),
    "delete-frees": ("SHOULD", "DELETE frees what the upload took,"),
    "delete-204": ("MUST", "and is answered with 204."),
    "delete-gone": ("SHOULD", "From then on: 404 or 410."),
    # Concatenation
    "concatenation-told": ("MUST", "`concatenation` is in Tus-Extension."),
    "parts-unprocessed": ("SHOULD NOT", "Parts are not processed until they are put together."),
    "final-length": ("MUST", "The length of the final upload is the sum of its parts'."),
    "final-order": ("MUST", "Parts are put together in the order of the list."),
    "unfinished-told": (
        "MUST",
        "`concatenation-unfinished` is in Tus-Extension where parts may be unfinished.",
    ),
    "parts-metadata": ("SHALL NOT", "Metadata of parts is not that of the final upload."),
    "parts-repeated": ("MAY", "The same part may be there several times."),
    "final-patch-403": ("MUST", "PATCH of a final upload: 403,"),
    "final-untouched": ("MUST NOT", "and neither it nor its parts are changed."),
    "final-head-pending": (
        "SHOULD NOT",
        "HEAD of a final upload tells no Upload-Offset until it is put together;",
    ),
    "final-head-done": ("MUST", "then Upload-Offset and Upload-Length are set and equal."),
    "part-head": ("MUST", "HEAD of a part tells Upload-Offset."),
    "final-head-length": ("MUST", "Upload-Length is told where it can be calculated."),
    "head-concat": ("MUST", "HEAD of a part or a final upload tells Upload-Concat as it came."),
    "concat-values": ("MUST", "Upload-Concat is `partial`, or `final;` and addresses, absolute or relative."),
}

shown_by: dict[str, list[str]] = defaultdict(list)


def shows(*rules: str) -> Callable[[Test], Test]:
    """Note which rules a test shows."""

    def note(test: Test) -> Test:
        for rule in rules:
            shown_by[rule].append(test.__name__)
        return test

    return note
