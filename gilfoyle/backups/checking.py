"""Is a backup whole, and as it was written? Nothing but its folder and the root secret is needed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from gilfoyle.backups.errors import BackupUnusable
from gilfoyle.backups.folder import (
    AT_ONCE,
    MEDIA,
    OBJECTS,
    facts_of,
    open_kept,
    read_lines,
    read_manifest,
    require_sealed,
)
from gilfoyle.backups.taking import KEPT, UNLIKE, copies_of
from gilfoyle.stores.names import parse_name
from gilfoyle.stores.surveying import Progress


@dataclass(slots=True)
class Checked:
    """What was found: each damage in a line, of all of them how many."""

    manifest: dict[str, Any]
    objects: int = 0
    damages: list[str] = field(default_factory=list)


def open_backup(folder: Path) -> dict[str, Any]:
    """Return the manifest of a backup whose database and list of objects are proven to be what was written.

    Raises: BackupUnusable.
    """
    manifest = read_manifest(folder)
    require_sealed(manifest, settings.GILFOYLE_ROOT_SECRET)
    copies = copies_of(manifest["engine"])
    for told in (manifest["database"], manifest["objects"]):
        name = copies.FILE if told is manifest["database"] else OBJECTS
        try:
            found = facts_of(folder / name)
        except OSError:
            message = f"{name} of this backup is missing, or can't be read."
            raise BackupUnusable(message) from None
        if any(found[key] != told[key] for key in ("size_bytes", "sha256")):
            message = f"{name} of this backup is damaged: it is not what was written."
            raise BackupUnusable(message)
    copies.check(folder / copies.FILE)
    return manifest


def check_backup(folder: Path, progress: Progress) -> Checked:
    """Look at all of a backup, its objects byte by byte.

    Raises: BackupUnusable.
    """
    checked = Checked(open_backup(folder))
    for line in kept_objects(folder):
        if not checked.manifest["with_media"]:
            checked.objects += 1
            continue
        checked.objects += 1
        if damage := _damage_of(folder, line, progress):
            checked.damages.append(f"{line['name']}: {damage}")
    return checked


def kept_objects(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a backup, but for those that were gone already.

    Raises: BackupUnusable, where a name is none of Gilfoyle's.
    """
    for line in read_lines(folder / OBJECTS):
        if line["state"] in {KEPT, UNLIKE}:
            if parse_name(line["name"]) is None:
                message = "A name in this backup is none that Gilfoyle makes."
                raise BackupUnusable(message)
            yield line


def pieces_of(folder: Path, line: dict[str, Any]) -> Iterator[bytes]:
    """Yield the bytes of an object; in the end it is refused where they are not those that were written.

    Raises: BackupUnusable.
    """
    digest, path = hashlib.sha256(), folder / MEDIA / line["name"]
    try:
        with open_kept(path) as file:
            while piece := file.read(AT_ONCE):
                digest.update(piece)
                yield piece
    except OSError as error:
        message = f"{line['name']} of this backup can't be read: {error.strerror}."
        raise BackupUnusable(message) from None
    if digest.hexdigest() != line["sha256"]:
        message = f"{line['name']} of this backup is damaged."
        raise BackupUnusable(message)


def _damage_of(folder: Path, line: dict[str, Any], progress: Progress) -> str:
    try:
        for piece in pieces_of(folder, line):
            progress("read bytes", len(piece))
    except BackupUnusable as error:
        return "it is missing" if not (folder / MEDIA / line["name"]).exists() else error.message
    return ""
