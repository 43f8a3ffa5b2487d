"""Restore a backup: first its objects, each whole or not at all, then the database in one transaction.

Until that transaction nothing has changed but objects that were added, and after it all has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from gilfoyle.backups import decisions, postgres_copies
from gilfoyle.backups.checking import kept_objects, open_backup, pieces_of
from gilfoyle.backups.errors import BackupUnusable, CopyFailed, RestoreRefused
from gilfoyle.backups.folder import AT_ONCE, write_json
from gilfoyle.backups.taking import copies_of
from gilfoyle.lib import storage
from gilfoyle.lib.storage_faults import ObjectMissing
from gilfoyle.lib.storage_listing import list_store
from gilfoyle.lib.store_places import every_store
from gilfoyle.lib.transactions import atomic
from gilfoyle.stores.names import UNFINISHED, parse_name
from gilfoyle.stores.surveying import Progress
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.audit import witness
from videos.audit.checkpoints import copy_checkpoints, witness_folder
from videos.audit.services import record
from videos.models import Video


@dataclass(slots=True)
class Plan:
    """What a restore would do, and what is in its way."""

    folder: Path
    manifest: dict[str, Any]
    has_rows: bool = False
    has_objects: bool = False
    since: list[decisions.Since] = field(default_factory=list)
    is_readable: bool = True  # False: what is in the database could not be read as Gilfoyle's
    migrates: bool = False


@dataclass(slots=True)
class Restored:
    """What came of it. `kept_database`, `kept_checkpoints`: where the former ones lie now."""

    added: int = 0
    kept_database: Path | None = None
    kept_checkpoints: Path | None = None
    carried: list[str] = field(default_factory=list)
    not_carried: list[str] = field(default_factory=list)


def plan_restore(folder: Path) -> Plan:
    """Read a backup, and what it would replace; nothing is changed.

    Raises: BackupUnusable, CopyFailed, StorageFault; the database's errors.
    """
    plan = Plan(folder, open_backup(folder))
    _require_fitting(plan)
    try:
        plan.has_rows = _has_rows()
        if plan.has_rows:
            plan.since = decisions.since(datetime.fromisoformat(plan.manifest["taken_at"]))
    except DatabaseError:
        if connection.in_atomic_block:
            raise
        plan.has_rows, plan.is_readable = True, False
    if plan.manifest["with_media"]:
        plan.has_objects = _has_objects()
    return plan


def _has_objects() -> bool:
    found = (parse_name(one.name) for _, store in every_store() for one in list_store(store))
    return any(parsed is None or parsed.family != UNFINISHED for parsed in found)


def _require_fitting(plan: Plan) -> None:
    engine = plan.manifest["engine"]
    if engine != connection.vendor:
        message = f"This is a backup of {engine}, and the database of this server is {connection.vendor}."
        raise BackupUnusable(message, hint="Set database.url to one of the same kind.")
    loader = MigrationLoader(None, load=False)
    loader.load_disk()
    known = {f"{app}.{name}" for app, name in loader.disk_migrations}
    applied = set(plan.manifest["migrations"])
    ours = {name.split(".")[0] for name in known}
    if newer := sorted(name for name in applied - known if name.split(".")[0] in ours):
        message = f"This backup is of a newer Gilfoyle: {newer[-1]} is not known here."
        raise BackupUnusable(message, hint="Restore it with the version that wrote it, or a later one.")
    plan.migrates = bool(known - applied)


def _has_rows() -> bool:
    if not connection.introspection.table_names():
        return False
    own = Project.objects.exclude(pk__in=INTERNAL_PROJECT_IDS)
    return own.exists() or Video.objects.exists() or get_user_model().objects.exists()


def require_allowed(plan: Plan, *, replace: bool, even_so: bool) -> None:
    """Refuse what would lose something that nobody has agreed to lose.

    Raises: RestoreRefused.
    """
    what = [
        words for words, is_so in (("database", plan.has_rows), ("media store", plan.has_objects)) if is_so
    ]
    if what and not replace:
        message = (
            f"The {' and the '.join(what)} of this server {'is' if len(what) == 1 else 'are'} not empty."
        )
        hint = "Say --replace to put the backup in its place; the former database is kept beside."
        raise RestoreRefused(message, hint=hint)
    if plan.since and not even_so:
        message = (
            f"Since this backup was taken {len(plan.since):,} decisions were made that it does not know."
        )
        hint = (
            "Read them (--dry-run). Restrictions of videos will be carried over, all else not: "
            "say --even-so, and do it again afterwards."
        )
        raise RestoreRefused(message, hint=hint)
    if connection.vendor == "postgresql" and (others := postgres_copies.others_at_work()):
        message = f"Somebody else is connected to the database ({others} connections)."
        raise RestoreRefused(message, hint="Stop web, workers, scheduler and whatever else uses it.")


def restore(plan: Plan, *, progress: Progress) -> Restored:
    """Put a backup in the place of what is there. Nothing else of Gilfoyle may run.

    Raises: BackupUnusable, CopyFailed, StorageFault, NoSpace; the database's errors.
    """
    done = Restored()
    copies = copies_of(connection.vendor)
    if plan.manifest["with_media"]:
        for line in kept_objects(plan.folder):
            done.added += _add_object(plan.folder, line)
            progress("objects", 1)
    stamp = timezone.now().strftime("%Y%m%dT%H%M%SZ")
    kept = decisions.restrictions_now() if plan.has_rows and plan.is_readable else []
    try:
        if plan.has_rows:
            done.kept_database = _keep_database(copies, stamp, progress)
            noted = {"since": decisions.as_json(plan.since), "restrictions": [asdict(one) for one in kept]}
            write_json(done.kept_database.with_name(f"{stamp}-decisions.json"), noted)
        copies.load(plan.folder / copies.FILE, progress)
        if plan.migrates:
            call_command("migrate", interactive=False, verbosity=0)
        done.kept_checkpoints = _begin_checkpoints_anew(stamp)
    except OSError as error:
        message = f"The data folder could not be written: {error.strerror or error}."
        raise CopyFailed(message) from None
    for one, why in decisions.carry_over(kept):
        (done.not_carried if why else done.carried).append(
            f"{one.video_id} {one.level}" + f": {why}" * bool(why)
        )
    told: dict[str, Any] = {name: plan.manifest[name] for name in ("taken_at", "audit_seq", "with_media")}
    told |= {
        "replaced": plan.has_rows,
        "decisions_since": len(plan.since),
        "carried_over": len(done.carried),
    }
    _record(plan.manifest["id"], told)
    return done


@atomic
def _record(backup_id: str, told: dict[str, Any]) -> None:
    Session.objects.all().delete()  # one that was ended since must not open the admin again
    record("backup.restored", object_type="backup", object_id=backup_id, data=told)


def _add_object(folder: Path, line: dict[str, Any]) -> bool:
    """Store an object, unless the very same is there."""
    name = line["name"]
    try:
        if storage.size_of(name) == line["size_bytes"] and _hash_of(name) == line["sha256"]:
            return False
    except ObjectMissing:
        pass
    storage.save_stream(name, _whole(folder, line))
    return True


def _whole(folder: Path, line: dict[str, Any]) -> Iterator[bytes]:
    yield from pieces_of(folder, line)


def _hash_of(name: str) -> str:
    digest = hashlib.sha256()
    with storage.open_stored(name) as stored:
        while piece := stored.read(AT_ONCE):
            digest.update(piece)
    return digest.hexdigest()


def _keep_database(copies: Any, stamp: str, progress: Progress) -> Path:
    """Copy what is replaced: a restore may have been a mistake."""
    folder = Path(settings.DATA_DIR) / "before-restore"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path: Path = folder / f"{stamp}-{copies.FILE}"
    with copies.frozen():
        copies.dump(path, progress)
    return path


def _begin_checkpoints_anew(stamp: str) -> Path | None:
    """Put the audit's second copy aside, which tells of a longer chain, and write down what the restored one signed."""
    folder, aside = witness_folder(settings.GILFOYLE), None
    if (folder / witness.FILE).exists():
        aside = folder / f"{witness.FILE}.before-restore-{stamp}"
        (folder / witness.FILE).replace(aside)
    copy_checkpoints(folder=folder)
    return aside
