"""Which pages may use an upload address: headers for browsers, and a refusal for what they would not stop. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from gilfoyle.lib.origins import normalize_origin
from videos.uploads.errors import OriginNotAllowed
from videos.uploads.tus import METHODS

ANY = "*"
_ALLOWED_HEADERS = (
    *(
        "Content-Type",
        "Content-Range",
        "Tus-Resumable",
        "Upload-Length",
        "Upload-Defer-Length",
        "Upload-Offset",
    ),
    *("Upload-Metadata", "Upload-Checksum", "Upload-Concat", "X-HTTP-Method-Override"),
    *("X-Requested-With", "X-Request-ID"),  # which clients add by themselves
)
_EXPOSED_HEADERS = (
    *("Location", "Range", "Retry-After", "Tus-Version", "Tus-Resumable", "Tus-Extension", "Tus-Max-Size"),
    *("Tus-Checksum-Algorithm", "Upload-Length", "Upload-Defer-Length", "Upload-Offset", "Upload-Metadata"),
    *("Upload-Expires", "Upload-Concat", "X-Request-Id"),
    *("RateLimit", "RateLimit-Policy"),
)
_KEPT_S = 7200


def is_allowed(origin: str, allowed: Sequence[str], own_origin: str | None) -> bool:
    """Tell whether pages of an origin may use an address; those of this server itself always may."""
    return ANY in allowed or (normalize_origin(origin) or "") in {*allowed, own_origin} - {None}


def require_allowed(origin: str | None, allowed: Sequence[str], own_origin: str | None) -> None:
    """Refuse a browser's request from elsewhere. What sends no origin is no page of a browser.

    Raises: OriginNotAllowed.
    """
    if origin is not None and not is_allowed(origin, allowed, own_origin):
        message = "This upload address can't be used from this web site."
        raise OriginNotAllowed(message, hint="Name its origin in `allowed_origins`.")


def answer_headers(origin: str | None, allowed: Sequence[str], own_origin: str | None) -> dict[str, str]:
    """Return what lets pages of the allowed origins read an answer; never with cookies."""
    headers = {"Vary": "Origin"}
    if origin is not None and is_allowed(origin, allowed, own_origin):
        headers["Access-Control-Allow-Origin"] = origin
        headers["Access-Control-Expose-Headers"] = ", ".join(_EXPOSED_HEADERS)
    return headers


def preflight_headers(
    origin: str | None, allowed: Sequence[str], own_origin: str | None, methods: Sequence[str] = METHODS
) -> dict[str, str]:
    """Return the answer to a browser's question before its first request."""
    headers = answer_headers(origin, allowed, own_origin)
    if "Access-Control-Allow-Origin" in headers:
        headers["Access-Control-Allow-Methods"] = ", ".join(methods)
        headers["Access-Control-Allow-Headers"] = ", ".join(_ALLOWED_HEADERS)
        headers["Access-Control-Max-Age"] = str(_KEPT_S)
    return headers
