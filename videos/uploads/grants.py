"""The secret of an upload address: `<grant id>.<signature>`, derived from the root secret and kept nowhere.

What the address allows stands in the grant's row, so that it can be looked at and taken back.
"""

from __future__ import annotations

import base64
import hmac
import re

SIGNATURE_LENGTH = 16
_DOMAIN = b"gilfoyle-upload-grant-v1\0"
PATTERN = r"upg_[0-9A-Za-z]{18}\.[0-9A-Za-z_-]{22}"
_SHAPE = re.compile(PATTERN, re.ASCII)


def sign_grant(grant_id: str, *, root_secret: bytes) -> str:
    """Return the part of an address that proves its grant."""
    signature = hmac.digest(root_secret, _DOMAIN + grant_id.encode(), "sha256")[:SIGNATURE_LENGTH]
    return f"{grant_id}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode('ascii')}"


def read_grant(token: str, *, root_secret: bytes) -> str | None:
    """Return the id of the grant that a token proves, None where it proves none."""
    if not _SHAPE.fullmatch(token):
        return None
    grant_id = token.partition(".")[0]
    wanted = sign_grant(grant_id, root_secret=root_secret)
    return grant_id if hmac.compare_digest(wanted, token) else None
