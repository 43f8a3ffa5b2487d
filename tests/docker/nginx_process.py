"""A real nginx with a shipped configuration, in places of a test's own."""

from __future__ import annotations

import http.client
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.embedded import ROOT, wait_until
from tests.services import require_service


@contextmanager
def nginx(folder: Path, shipped: str, *, port: int, places: Mapping[str, str]) -> Iterator[int]:
    """Run nginx with `docker/{shipped}` on a port of the loopback address, and give its process id.

    Of the text as it is shipped only `places` are replaced, the port, and where it writes: `access.log` and `error.log`.
    """
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    require_service("nginx", present=program is not None)
    assert program is not None
    folder.mkdir(exist_ok=True)
    text = (ROOT / "docker" / shipped).read_text(encoding="utf-8")
    for there, here in {
        "/tmp/": f"{folder}/",  # noqa: S108 - the text that is replaced, and first: the others bring in paths
        "listen 8080": f"listen 127.0.0.1:{port}",
        "/dev/stdout": str(folder / "access.log"),
        "/dev/stderr": str(folder / "error.log"),
        **places,
    }.items():
        assert there in text, there
        text = text.replace(there, here)
    if os.getuid() == 0:
        text = f"user root;\n{text}"
    path = folder / "nginx.conf"
    path.write_text(text, encoding="utf-8")
    process = subprocess.Popen([program, "-c", str(path), "-g", "daemon off;"])
    try:
        wait_until(lambda: process.poll() is not None or _accepts(port), what="nginx")
        assert process.poll() is None, "nginx refused its configuration"
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=30)


def _accepts(port: int) -> bool:
    try:
        http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()
    except OSError:
        return False
    return True
