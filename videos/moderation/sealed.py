"""What people write lies encrypted in the database, and who they are as an HMAC that leads nowhere. Pure."""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from typing import Any

from gilfoyle.lib.wrapped_keys import KeyUnusable, unwrap_key, wrap_key

PURPOSE = "moderation-text"
_REPORTER = b"gilfoyle-reporter-v1\0"
_VIEWER = b"gilfoyle-viewer-v1\0"


def seal_text(content: Mapping[str, Any] | str, *, owner: str, root_secret: bytes) -> bytes:
    """Encrypt what somebody wrote, for the row `owner` alone."""
    return wrap_key(json.dumps(content).encode(), purpose=PURPOSE, owner=owner, root_secret=root_secret)


def open_text(sealed: bytes | memoryview, *, owner: str, root_secret: bytes) -> Any:
    """Return what somebody wrote; None where it was erased, or can't be opened any more."""
    if not sealed:
        return None
    try:
        return json.loads(unwrap_key(bytes(sealed), purpose=PURPOSE, owner=owner, root_secret=root_secret))
    except KeyUnusable:
        return None


def person_of(text: str, *, project_id: str, root_secret: bytes) -> str:
    """Return what stands for a person whom a project names so; another project's are others. "": nobody is named."""
    if not text:
        return ""
    key = hmac.digest(root_secret, _REPORTER + project_id.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()


def viewer_of(video_id: str, session: bytes, *, root_secret: bytes) -> str:
    """Return what stands for a viewer of one video; no text that a project may choose comes to the same."""
    key = hmac.digest(root_secret, _VIEWER + video_id.encode(), "sha256")
    return hmac.digest(key, session, "sha256").hex()
