"""A tus client that costs next to nothing itself: the kernel moves the file into the socket."""

from __future__ import annotations

import http.client
import os
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urljoin, urlsplit

TUS = {"Tus-Resumable": "1.0.0"}


def upload(endpoint: str, file: Path, *, headers: Mapping[str, str]) -> str:
    """Upload a file with one POST and one PATCH; return the upload's address."""
    target = urlsplit(endpoint)
    connection = http.client.HTTPConnection(target.hostname or "", target.port, timeout=600)
    size_bytes = file.stat().st_size
    try:
        connection.request("POST", target.path, headers={**TUS, **headers, "Upload-Length": str(size_bytes)})
        made = connection.getresponse()
        made.read()
        _require(made, 201)
        address: str = urljoin(endpoint, made.headers["Location"])
        connection.putrequest("PATCH", urlsplit(address).path)
        ours = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        for name, value in {**TUS, **headers, **ours, "Content-Length": str(size_bytes)}.items():
            connection.putheader(name, value)
        connection.endheaders()
        with file.open("rb") as source:
            connection.sock.sendfile(source)
        kept = connection.getresponse()
        kept.read()
        _require(kept, 204)
        if kept.headers["Upload-Offset"] != str(size_bytes):
            message = f"Only {kept.headers['Upload-Offset']} of {size_bytes} bytes were kept."
            raise RuntimeError(message)
    finally:
        connection.close()
    return address


def upload_at_once(
    endpoint: str, file: Path, *, count: int, headers: Mapping[str, str]
) -> tuple[list[str], float]:
    """Upload a file so many times at once; return the addresses and the seconds until the last was answered."""
    with ThreadPoolExecutor(count) as pool:
        begun = time.monotonic()
        running = [pool.submit(upload, endpoint, file, headers=headers) for _ in range(count)]
        addresses = [one.result() for one in running]
        return addresses, time.monotonic() - begun


def make_file(path: Path, size_bytes: int) -> Path:
    """Write random bytes, all of which are in memory and on the disk afterwards."""
    piece = os.urandom(16 * 1024 * 1024)
    with path.open("wb") as file:
        left = size_bytes
        while left:
            left -= file.write(piece[:left])
        file.flush()
        os.fsync(file.fileno())
    return path


def _require(answer: http.client.HTTPResponse, status: int) -> None:
    if answer.status != status:
        message = f"Answered with {answer.status}, not {status}: {answer.headers}"
        raise RuntimeError(message)
