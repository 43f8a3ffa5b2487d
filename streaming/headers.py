"""Headers that all playback answers share: who may read them from which site, and what browsers must not do. Pure."""

from __future__ import annotations

from collections.abc import Sequence

NO_STORE = "no-store"
ASK_AGAIN = "private, no-cache"  # a playlist may be kept, but is asked for again each time; 304 is cheap
PROBLEM_TYPE = "application/problem+json"
METHODS = "GET, HEAD, OPTIONS"

SAFETY_HEADERS: tuple[tuple[str, str], ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),  # the address itself is the secret
    (
        "Cross-Origin-Resource-Policy",
        "cross-origin",
    ),  # players stand on other sites; the token decides, not the site
)


def cors_headers(origin: str | None, allowed_origins: Sequence[str]) -> list[tuple[str, str]]:
    """Return what lets pages of the allowed origins read an answer. Never with credentials: the token is in the path."""
    shown = ("Access-Control-Expose-Headers", "Content-Length, Content-Range, ETag")
    if "*" in allowed_origins:
        return [("Access-Control-Allow-Origin", "*"), shown]
    vary = ("Vary", "Origin")
    if origin is None or origin not in allowed_origins:
        return [vary]
    return [("Access-Control-Allow-Origin", origin), shown, vary]


def preflight_headers(
    origin: str | None, allowed_origins: Sequence[str], methods: str = METHODS
) -> list[tuple[str, str]]:
    """Return the answer to a browser's question before a request with unusual headers (`Range`, `If-…`)."""
    return [
        *cors_headers(origin, allowed_origins),
        ("Access-Control-Allow-Methods", methods),
        ("Access-Control-Allow-Headers", "Range, If-Range, If-None-Match"),
        ("Access-Control-Max-Age", "7200"),
        ("Allow", methods),
    ]
