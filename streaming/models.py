"""The rows of this app, re-exported for Django alone; each lives in its room."""

from __future__ import annotations

from streaming.exposure.models import ExposureTest
from streaming.revocations.models import Revocation
from streaming.tokens.models import SigningKey

__all__ = ["ExposureTest", "Revocation", "SigningKey"]
