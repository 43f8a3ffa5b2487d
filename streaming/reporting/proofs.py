"""Proof that a form was asked for here, with this token, a short while ago: instead of a cookie. Pure.

Whoever has the token in the address can get one; a page of another site that would have its visitors send a form can't.
"""

from __future__ import annotations

import hmac
import re

from streaming.addresses import VideoAddress

FORM_LIFE_S = 2 * 3600
_SHAPE = re.compile(r"([0-9]{1,12})\.([0-9a-f]{64})", re.ASCII)
_DOMAIN = b"gilfoyle-report-form-v1\0"


def make_proof(address: VideoAddress, *, now_s: int, root_secret: bytes) -> str:
    """Return what the form of this token and video has in it; `now_s`: in seconds since 1970."""
    return f"{now_s}.{_digest(address, now_s, root_secret)}"


def is_proven(text: str, address: VideoAddress, *, now_s: float, root_secret: bytes) -> bool:
    """Tell, in constant time, whether a form came from here for this token and video, and is not old."""
    match = _SHAPE.fullmatch(text)
    if match is None:
        return False
    made_s = int(match[1])
    is_ours = hmac.compare_digest(_digest(address, made_s, root_secret), match[2])
    return is_ours and 0 <= now_s + 1 - made_s <= FORM_LIFE_S


def _digest(address: VideoAddress, made_s: int, root_secret: bytes) -> str:
    key = hmac.digest(root_secret, _DOMAIN, "sha256")
    said = "\0".join([address.token, address.project_id, address.video_id, str(made_s)])
    return hmac.digest(key, said.encode(), "sha256").hex()
