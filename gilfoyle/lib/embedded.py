"""Where the embedded broker is found: one answer for those who start it and those who talk to it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

EMBEDDED = "embedded"
# A socket's path must fit into 108 bytes on Linux and 104 on macOS, with its closing zero.
MAX_SOCKET_PATH_BYTES = 103


def embedded_socket_path(data_dir: Path) -> Path:
    """Return the unix socket of the embedded broker that belongs to `data_dir`; nothing is created.

    It lies in the data folder, or, where that path is too long for a socket, in the user's private
    folder in /tmp under a name made from the data folder's path.
    """
    folder = data_dir.resolve()
    inside = folder / "run" / "broker.sock"
    if len(os.fsencode(inside)) <= MAX_SOCKET_PATH_BYTES:
        return inside
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return _private_runtime_folder() / digest / "broker.sock"


def _private_runtime_folder() -> Path:
    # Not TMPDIR or XDG_RUNTIME_DIR: a command from cron must find the same socket as the shell that began it.
    # The launcher refuses the folder unless it belongs to this user alone.
    return Path("/tmp") / f"gilfoyle-{os.getuid()}"  # noqa: S108 - checked by the launcher, see above


def embedded_broker_url(data_dir: Path) -> str:
    """Return the address under which clients reach the embedded broker of `data_dir`."""
    return f"unix://{quote(str(embedded_socket_path(data_dir)))}"
