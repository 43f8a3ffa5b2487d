"""Web origins in one spelling, so that they can be compared. Pure."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_ORIGIN = re.compile(
    r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9a-f:]+\](?::[0-9]{1,5})?", re.ASCII
)


def normalize_origin(text: str) -> str | None:
    """Return `scheme://host[:port]` of an http(s) origin in its canonical spelling, else None."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if ":" in host:
        host = f"[{host}]"
    is_bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
    default_port = {"http": 80, "https": 443}.get(parts.scheme)
    origin = f"{parts.scheme}://{host}" + (f":{port}" if port is not None and port != default_port else "")
    return origin if is_bare and _ORIGIN.fullmatch(origin) else None
