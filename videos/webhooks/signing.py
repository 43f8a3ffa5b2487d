"""Signatures by the Standard Webhooks scheme, made by its own library. Pure."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from standardwebhooks import Webhook

SECRET_BYTES = 32
PREFIX = "whsec_"


def new_secret() -> bytes:
    """Return a new random key."""
    return secrets.token_bytes(SECRET_BYTES)


def shown_secret(key: bytes) -> str:
    """Return a key as receivers are given it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(key).decode()


def sign_headers(*, message_id: str, at: datetime, body: str, keys: Iterable[bytes]) -> dict[str, str]:
    """Return the scheme's three headers; one signature with each key, so that a receiver may have the old or the new one."""
    moment = at.astimezone(UTC).replace(microsecond=0)
    signatures = [Webhook(key).sign(message_id, moment, body) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
