"""What a tus client sends, call by call."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from rest_framework.test import APIClient

ENDPOINT = "/api/v1/uploads/tus"
BODY_TYPE = "application/offset+octet-stream"


def metadata(**texts: str) -> str:
    return ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in texts.items())


def checksum(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def call(
    api: APIClient,
    method: str,
    address: str,
    data: bytes = b"",
    *,
    content_type: str = BODY_TYPE,
    **headers: Any,
) -> Any:
    """Send a request; `Upload_Length="5"` is the header Upload-Length, and None leaves one out."""
    given = {name.replace("_", "-"): value for name, value in {"Tus_Resumable": "1.0.0", **headers}.items()}
    sent = {name: value for name, value in given.items() if value is not None}
    return api.generic(method, address, data, content_type if data else "", headers=sent)  # type: ignore[arg-type]  # bytes are taken too


def create(api: APIClient, length: int | None, data: bytes = b"", **headers: Any) -> Any:
    told = {"Upload_Length": str(length)} if length is not None else {}
    return call(api, "POST", ENDPOINT, data, **told, **headers)


def created(api: APIClient, length: int | None, data: bytes = b"", **headers: Any) -> str:
    """Create an upload and return its address."""
    answer = create(api, length, data, **headers)
    assert answer.status_code == 201, answer.content
    return f"/api/v1/uploads/{answer['Location']}"


def head(api: APIClient, address: str) -> Any:
    return call(api, "HEAD", address)


def patch(api: APIClient, address: str, offset: int, data: bytes, **headers: Any) -> Any:
    return call(api, "PATCH", address, data, Upload_Offset=str(offset), Content_Type=BODY_TYPE, **headers)
