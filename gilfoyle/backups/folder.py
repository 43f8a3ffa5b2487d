"""The folder of a backup: which files it has, and when it is whole.

    manifest.json     written last, in one step: without it there is no backup
    database.*        SQLite's file, or a dump of PostgreSQL
    objects.jsonl     an object of the media store a line
    media/            the objects themselves, by their names, where they were wanted
    unfinished.json   while it is being written: what is done already
    named.jsonl       the same: the objects that rows named when the database was copied

The manifest holds a SHA-256 of each, and an HMAC of itself under a key derived from the root secret: nobody without it
can change a backup unseen. The secret is not in it.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import rfc8785
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gilfoyle.backups.errors import BackupUnusable, FolderUnusable
from videos.audit.signing import keys_of

FORMAT, VERSION = "gilfoyle-backup", 1
MANIFEST, OBJECTS, MEDIA = "manifest.json", "objects.jsonl", "media"
UNFINISHED, NAMED = "unfinished.json", "named.jsonl"
AT_ONCE = 1024 * 1024
LONGEST_MANIFEST = 4 * 1024 * 1024
_SEAL = b"gilfoyle-backup-seal-v1\0"
NOT_IN_IT = ("secret_key (GILFOYLE_SECRET_KEY)", "settings.yaml and the environment", "the broker's messages")


def secret_id(root_secret: bytes) -> str:
    """Return by what a root secret is known: the id of the audit's public key, which tells nothing of it."""
    return keys_of(root_secret).key_id


def seal_of(manifest: Mapping[str, Any], root_secret: bytes) -> str:
    """Return the HMAC of a manifest without its own seal."""
    key = HKDF(SHA256(), 32, salt=None, info=_SEAL).derive(root_secret)
    told = {name: value for name, value in manifest.items() if name != "seal"}
    return hmac.digest(key, rfc8785.dumps(told), hashlib.sha256).hex()


@contextmanager
def held_folder(folder: Path) -> Iterator[bool]:
    """Hold a folder to write a backup into, for this process alone; True where an unfinished one is gone on with.

    Raises: FolderUnusable.
    """
    try:
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        message = f"{folder} can't be used: {error.strerror}."
        raise FolderUnusable(message) from None
    try:
        _require_alone(folder, descriptor)
        names = {one.name for one in folder.iterdir()}
        if MANIFEST in names:
            message = f"{folder} holds a whole backup already."
            raise FolderUnusable(message, hint="Name another folder; each backup has its own.")
        if names - {f"{UNFINISHED}.part"} and UNFINISHED not in names:
            message = f"{folder} is not empty, and holds no unfinished backup."
            raise FolderUnusable(message, hint="Name an empty folder, or one that does not exist.")
        folder.chmod(0o700)
        yield UNFINISHED in names
    finally:
        os.close(descriptor)


def _require_alone(folder: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        message = f"Another process writes a backup to {folder}."
        raise FolderUnusable(message) from None


def open_private(path: Path, mode: str = "wb") -> IO[bytes]:
    """Open a file that its owner alone may read, for writing; one that is there is written over or added to.

    Raises: OSError, also where a link has the name.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | (os.O_APPEND if mode == "ab" else os.O_TRUNC)
    _make_private(path.parent)
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, mode)


def _make_private(folder: Path) -> None:
    if not folder.is_dir():
        _make_private(folder.parent)  # `parents=True` would give them the usual mode
        folder.mkdir(mode=0o700, exist_ok=True)


def write_json(path: Path, told: Mapping[str, Any]) -> None:
    """Write a file that is there whole or not at all, also after a power cut."""
    aside = path.with_name(f"{path.name}.part")
    with open_private(aside) as file:
        file.write(json.dumps(told, indent=2).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Make what was written to a file, or the names in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def facts_of(path: Path) -> dict[str, Any]:
    """Return name, size and SHA-256 of a file of a backup."""
    digest, size_bytes = hashlib.sha256(), 0
    with open_kept(path) as file:
        while piece := file.read(AT_ONCE):
            digest.update(piece)
            size_bytes += len(piece)
    return {"file": path.name, "size_bytes": size_bytes, "sha256": digest.hexdigest()}


def open_kept(path: Path) -> IO[bytes]:
    """Open a file of a backup for reading. Raises: OSError, also for a link."""
    return os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what a backup says of itself; nothing of that is proven yet.

    Raises: BackupUnusable.
    """
    try:
        with open_kept(folder / MANIFEST) as file:
            told = json.loads(file.read(LONGEST_MANIFEST))
    except FileNotFoundError:
        if (folder / UNFINISHED).exists():
            message = f"The backup in {folder} is not finished."
            raise BackupUnusable(message, hint="`manage.py backup` with the same folder goes on.") from None
        message = f"{folder} holds no backup."
        raise BackupUnusable(message) from None
    except (OSError, ValueError, RecursionError):
        message = f"The manifest in {folder} can't be read."
        raise BackupUnusable(message) from None
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        message = f"{folder} holds no backup of Gilfoyle's."
        raise BackupUnusable(message)
    if told.get("version") != VERSION:
        message = "This backup was written by a newer Gilfoyle."
        raise BackupUnusable(message)
    return told


def require_sealed(manifest: Mapping[str, Any], root_secret: bytes) -> None:
    """Refuse a backup of another installation's, or one whose manifest was changed.

    Raises: BackupUnusable.
    """
    own, theirs = secret_id(root_secret), str(manifest.get("secret"))
    if theirs != own:
        message = (
            f"This backup was taken under another secret key ({theirs[:16]}; this server's is {own[:16]})."
        )
        hint = (
            "Set GILFOYLE_SECRET_KEY, or put the file secret_key into the data folder, as it was when the backup was "
            "taken: without it nothing that is encrypted can be opened."
        )
        raise BackupUnusable(message, hint=hint)
    try:
        seal = seal_of(manifest, root_secret)
    except (ValueError, RecursionError):
        seal = ""
    if not hmac.compare_digest(seal.encode(), str(manifest.get("seal", "")).encode(errors="replace")):
        message = "The manifest of this backup was changed since it was written."
        raise BackupUnusable(message, hint="Use another backup.")


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a file of JSON lines; a last one that was cut off is left out.

    Raises: BackupUnusable, OSError.
    """
    with open_kept(path) as file:
        for line in file:
            try:
                told = json.loads(line)
            except (ValueError, RecursionError):
                told = None
            if not line.endswith(b"\n"):
                return
            if not isinstance(told, dict) or not isinstance(told.get("name"), str):
                message = f"{path.name} of this backup is damaged."
                raise BackupUnusable(message)
            yield told
