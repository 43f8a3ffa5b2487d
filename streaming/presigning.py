"""Addresses of stored objects that somebody else answers, signed for a while: a bucket, or a CDN. Pure.

A signature is made of the name, the secret and a window of time, and of nothing that differs between viewers: within a
window all get the same address, so that caches hit.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Protocol
from urllib.parse import quote, urlsplit

LONGEST_S = 7 * 24 * 3600  # the most that S3 accepts
ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when an address is good, in seconds since 1970."""

    since_s: int
    until_s: int


def plan_validity(now_s: float, window_s: int, *, least_until_s: float = 0) -> Validity:
    """Return the validity that all addresses of this window share: for one to two windows, or as long as is asked for."""
    since_s = int(now_s) // window_s * window_s
    last_window = -(-int(least_until_s) // window_s) * window_s
    return Validity(since_s, min(max(since_s + 2 * window_s, last_window), since_s + LONGEST_S))


class Signer(Protocol):
    """Makes addresses; `origin` is the web origin that they stand below."""

    @property
    def origin(self) -> str: ...

    def sign(self, name: str, validity: Validity, *, content_type: str, method: str = "GET") -> str:
        """Return the address of an object."""


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


@dataclass(frozen=True, slots=True)
class BucketSigner:
    """Signature Version 4 of S3, in the query. `bucket_url` is where the bucket's objects stand below.

    boto signs for the moment in which it is called, and takes fifty times as long; the tests compare the two.
    """

    bucket_url: str
    region: str
    key_id: str
    secret: str
    prefix: str = ""

    @property
    def origin(self) -> str:
        return _origin(self.bucket_url)

    def sign(self, name: str, validity: Validity, *, content_type: str, method: str = "GET") -> str:
        """Return the address of an object, which will be answered as of this type."""
        parts = urlsplit(self.bucket_url)
        path = quote(f"{parts.path}/{self.prefix}/{name}".replace("//", "/"), safe="/-_.~")
        since = datetime.fromtimestamp(validity.since_s, UTC).strftime("%Y%m%dT%H%M%SZ")
        scope = f"{since[:8]}/{self.region}/s3/aws4_request"
        asked = {
            "X-Amz-Algorithm": ALGORITHM,
            "X-Amz-Credential": f"{self.key_id}/{scope}",
            "X-Amz-Date": since,
            "X-Amz-Expires": str(validity.until_s - validity.since_s),
            "X-Amz-SignedHeaders": "host",
            "response-content-type": content_type,
        }  # in the order of their names, as the signature wants them
        query = "&".join(f"{key}={quote(value, safe='-_.~')}" for key, value in asked.items())
        request = f"{method}\n{path}\n{query}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        key = _day_key(self.secret, since[:8], self.region)
        signature = hmac.digest(key, f"{ALGORITHM}\n{since}\n{scope}\n{hashed}".encode(), "sha256").hex()
        return f"{self.origin}{path}?{query}&X-Amz-Signature={signature}"


@lru_cache(maxsize=16)
def _day_key(secret: str, day: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@dataclass(frozen=True, slots=True)
class CdnSigner:
    """What nginx's secure_link checks: `{url}/{until}/{signature}/{name}`, of one file.

    It stands in the path and not in the query, which some caches leave out and others do not.
    """

    url: str
    secret: str

    @property
    def origin(self) -> str:
        return _origin(self.url)

    def sign(self, name: str, validity: Validity, *, content_type: str, method: str = "GET") -> str:
        """Return the address of an object; its type is known by its name there."""
        del content_type, method
        signed = f"{validity.until_s}/{name} {self.secret}".encode()
        # The module knows no other hash. Nobody can choose what is hashed, so collisions of MD5 are of no use.
        digest = hashlib.md5(signed, usedforsecurity=False).digest()
        signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return f"{self.url}/{validity.until_s}/{signature}/{name}"
