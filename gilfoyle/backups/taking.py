"""Take a backup: the database of one moment first, then the objects that it names.

An object has its name once and for good, so what the database named then is still what lies there; what is replaced
meanwhile is kept until all is copied (holding.py). What was done is noted, so that one who was stopped goes on with the same database; the manifest comes last.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from gilfoyle.backups import postgres_copies, sqlite_copies
from gilfoyle.backups.errors import CopyFailed, FolderUnusable, MediaNotCopied
from gilfoyle.backups.folder import (
    AT_ONCE,
    FORMAT,
    MANIFEST,
    MEDIA,
    NAMED,
    NOT_IN_IT,
    OBJECTS,
    UNFINISHED,
    VERSION,
    facts_of,
    held_folder,
    open_private,
    read_lines,
    seal_of,
    secret_id,
    sync,
    write_json,
)
from gilfoyle.backups.holding import holding
from gilfoyle.backups.naming import Named, named_objects, was_deleted
from gilfoyle.lib import storage
from gilfoyle.lib.ids import random_text
from gilfoyle.lib.ipfs_storage import IpfsStorage
from gilfoyle.lib.storage_faults import ObjectMissing
from gilfoyle.lib.store_places import every_store
from gilfoyle.lib.transactions import atomic
from gilfoyle.stores.surveying import Progress
from videos.audit.chain import in_words
from videos.audit.models import AuditHead
from videos.audit.services import record
from videos.catalog.models import Video

# What became of an object: it is as it was named; what it belonged to was deleted meanwhile; it is not there; it is another.
KEPT, DELETED, MISSING, UNLIKE = "", "deleted", "missing", "unlike"
_COPIES: dict[str, ModuleType] = {"sqlite": sqlite_copies, "postgresql": postgres_copies}


@dataclass(slots=True)
class Taken:
    """What came of it."""

    manifest: dict[str, Any]
    is_resumed: bool
    problems: list[dict[str, Any]] = field(default_factory=list)


def copies_of(vendor: str) -> ModuleType:
    """Return how a database of a kind is copied. Raises: CopyFailed."""
    if vendor not in _COPIES:
        message = f"Databases of {vendor} can't be copied by this command."
        raise CopyFailed(message, hint="Use that database's own programs.")
    return _COPIES[vendor]


def take_backup(folder: Path, *, with_media: bool, progress: Progress) -> Taken:
    """Write a backup to a folder that is empty or new, or go on with one that is unfinished.

    Raises: FolderUnusable, MediaNotCopied, CopyFailed, StorageFault; the database's errors.
    """
    _require_outside(folder)
    if with_media:
        require_no_ipfs()
    try:
        with holding() if with_media else nullcontext(), held_folder(folder) as is_resumed:
            state = _read_state(folder) if is_resumed else {}
            if not state.get("database"):
                state = _copy_rows(folder, progress)
            taken = Taken({}, is_resumed)
            _copy_objects(folder, taken, with_media=with_media, progress=progress)
            taken.manifest = _finish(folder, state, with_media=with_media)
            _record(taken.manifest)
            return taken
    except OSError as error:
        message = f"The backup could not be written: {error.strerror or error}."
        raise CopyFailed(message, hint="What is there stays: the same command goes on with it.") from None


@atomic
def _record(manifest: dict[str, Any]) -> None:
    told = {"with_media": manifest["with_media"], "objects": manifest["objects"]["count"]}
    record("backup.taken", object_type="backup", object_id=manifest["id"], data=told)


def _require_outside(folder: Path) -> None:
    place = folder.resolve()
    tops = [Path(store.location) for _, store in every_store() if isinstance(store, FileSystemStorage)]
    if any(place.is_relative_to(top.resolve()) for top in tops):
        message = "A backup can't lie in the media store itself."
        raise FolderUnusable(message, hint="Name a folder on another disk.")


def require_no_ipfs() -> None:
    """Refuse to copy objects of IPFS: by which address one is found, and its key, is a matter of rows.

    Raises: MediaNotCopied.
    """
    if any(isinstance(store, IpfsStorage) for _, store in every_store()):
        message = "Objects that lie on IPFS are copied neither into a backup nor out of one."
        hint = "Back up without --with-media, and keep what the node has pinned: see docs/operations.md."
        raise MediaNotCopied(message, hint=hint)


def _read_state(folder: Path) -> dict[str, Any]:
    try:
        state = json.loads((folder / UNFINISHED).read_bytes())
    except (OSError, ValueError):
        return {}
    is_ours = isinstance(state, dict) and state.get("secret") == secret_id(settings.GILFOYLE_ROOT_SECRET)
    if not is_ours or state.get("format") != FORMAT:
        message = f"The unfinished backup in {folder} is another server's."
        raise FolderUnusable(message, hint="Name another folder.")
    return dict(state)


def _copy_rows(folder: Path, progress: Progress) -> dict[str, Any]:
    """Copy the database, and write down what it names; both are of the same moment."""
    state: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "id": random_text(22),
        "secret": secret_id(settings.GILFOYLE_ROOT_SECRET),
        "engine": connection.vendor,
    }
    write_json(folder / UNFINISHED, state)
    for left in (NAMED, f"{OBJECTS}.part"):
        (folder / left).unlink(missing_ok=True)
    copies = copies_of(connection.vendor)
    with copies.frozen():
        state["taken_at"] = in_words(timezone.now())
        head = AuditHead.objects.first()
        state["audit_seq"] = head.seq if head else 0
        state["videos"] = Video.objects.count()
        applied = MigrationRecorder(connection).applied_migrations()
        state["migrations"] = sorted(f"{app}.{name}" for app, name in applied)
        copies.dump(folder / copies.FILE, progress)
        with open_private(folder / NAMED) as file:
            for named in named_objects():
                file.write(json.dumps(asdict(named)).encode() + b"\n")
                progress("named", 1)
    sync(folder / NAMED)
    state["database"] = facts_of(folder / copies.FILE)
    write_json(folder / UNFINISHED, state)
    return state


def _copy_objects(folder: Path, taken: Taken, *, with_media: bool, progress: Progress) -> None:
    part = folder / f"{OBJECTS}.part"
    done: dict[str, dict[str, Any]] = {}
    if part.exists():
        done = {one["name"]: one for one in _trusted(folder, part, with_media=with_media)}
    # Written anew from what holds of it: so that a line that was cut off is never followed by another.
    with open_private(folder / f"{OBJECTS}.again") as file:
        for one in done.values():
            _note(file, one)
    (folder / f"{OBJECTS}.again").replace(part)
    with open_private(part, "ab") as file:
        for told in read_lines(folder / NAMED):
            named = Named(**told)
            line = done.get(named.name)
            if line is None:
                line = _keep(folder, named, with_media=with_media)
                _note(file, line)
                file.flush()
            progress("objects", 1)
            if line["state"] != KEPT:
                taken.problems.append(line)
    sync(part)


def _trusted(folder: Path, part: Path, *, with_media: bool) -> Iterator[dict[str, Any]]:
    """Yield what was noted of objects, where it still holds."""
    for line in read_lines(part):
        if line.get("state") != KEPT:
            continue
        try:
            is_there = (folder / MEDIA / line["name"]).lstat().st_size == line["size_bytes"]
        except OSError:
            is_there = False
        if is_there == with_media and (not with_media or line.get("sha256")):
            yield line


def _note(file: Any, line: dict[str, Any]) -> None:
    file.write(json.dumps(line).encode() + b"\n")


def _keep(folder: Path, named: Named, *, with_media: bool) -> dict[str, Any]:
    known = "" if named.is_sealed else named.source_sha256
    line = {**asdict(named), "sha256": known or None, "state": KEPT}
    try:
        if with_media:
            line["size_bytes"], line["sha256"] = _copy_object(named.name, folder / MEDIA / named.name)
        elif named.size_bytes is None or known:
            line["size_bytes"] = storage.size_of(named.name)
    except ObjectMissing:
        return line | {"sha256": None, "state": DELETED if was_deleted(named.name) else MISSING}
    if named.size_bytes not in {None, line["size_bytes"]} or (known and line["sha256"] != known):
        line["state"] = UNLIKE
    return line


def _copy_object(name: str, path: Path) -> tuple[int, str]:
    """Copy an object as it is stored; nothing has its name in the backup that is not whole."""
    digest, size_bytes = hashlib.sha256(), 0
    aside = path.with_name(f"{path.name}.part")
    with storage.open_stored(name) as stored, open_private(aside) as file:
        while piece := stored.read(AT_ONCE):
            digest.update(piece)
            size_bytes += len(piece)
            file.write(piece)
    aside.replace(path)
    return size_bytes, digest.hexdigest()


def _finish(folder: Path, state: dict[str, Any], *, with_media: bool) -> dict[str, Any]:
    (folder / f"{OBJECTS}.part").replace(folder / OBJECTS)
    counts = dict.fromkeys((KEPT, DELETED, MISSING, UNLIKE), 0)
    size_bytes = 0
    for line in read_lines(folder / OBJECTS):
        counts[line["state"]] += 1
        size_bytes += line["size_bytes"] or 0 if line["state"] == KEPT else 0
    manifest = {
        **state,
        "finished_at": in_words(timezone.now()),
        "objects": {
            **facts_of(folder / OBJECTS),
            "count": counts[KEPT],
            "objects_bytes": size_bytes,
            **{name: counts[name] for name in (DELETED, MISSING, UNLIKE)},
        },
        "with_media": with_media,
        "not_in_it": list(NOT_IN_IT),
    }
    manifest["seal"] = seal_of(manifest, settings.GILFOYLE_ROOT_SECRET)
    os.sync()  # all objects at once: one by one would take long
    write_json(folder / MANIFEST, manifest)
    for left in (UNFINISHED, NAMED):
        (folder / left).unlink(missing_ok=True)
    sync(folder)
    return manifest
