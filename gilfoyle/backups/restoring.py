"""Restore a backup: its objects, each whole or not at all; the database in one transaction; what was decided since.

Until that transaction nothing has changed but objects that were added. From then on a note in the data folder keeps
Gilfoyle from starting until the rest is done, and lets the same command go on.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from gilfoyle.backups import decisions, postgres_copies, purges, unfinished
from gilfoyle.backups.checking import open_backup
from gilfoyle.backups.errors import BackupUnusable, CopyFailed, RestoreRefused, RestoreStopped
from gilfoyle.backups.folder import write_json
from gilfoyle.backups.placing import Placed, add_objects, place_object
from gilfoyle.backups.sparing import spare_what_came_since
from gilfoyle.backups.taking import copies_of, require_no_ipfs
from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.storage_listing import list_store
from gilfoyle.lib.store_places import every_store
from gilfoyle.lib.transactions import atomic
from gilfoyle.stores.names import UNFINISHED, parse_name
from gilfoyle.stores.surveying import Progress
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.access.models import Project
from videos.audit import witness
from videos.audit.actors import current_actor
from videos.audit.checkpoints import copy_checkpoints, witness_folder
from videos.audit.services import record
from videos.models import Video
from videos.moderation.reviewers import reviewer_of_operator


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
    former: Former | None = None  # of a restore that did not end, and goes on


@dataclass(slots=True)
class Former:
    """What is kept of the database that is replaced, for as long as the restore takes."""

    stamp: str
    replaced: bool
    since: list[decisions.Since] = field(default_factory=list)
    restrictions: list[decisions.Kept] = field(default_factory=list)
    answered: list[purges.Answered] = field(default_factory=list)
    kept_database: str = ""

    @classmethod
    def read(cls, told: dict[str, Any]) -> Former:
        """Return what was written down. Raises: KeyError, TypeError."""
        rows = {
            "since": [decisions.Since(**one) for one in told["since"]],
            "restrictions": [decisions.Kept(**one) for one in told["restrictions"]],
            "answered": [purges.Answered(**one) for one in told["answered"]],
        }
        return cls(**{**told, **rows})


@dataclass(slots=True)
class Restored:
    """What came of it. `kept_database`, `kept_checkpoints`: where the former ones lie now."""

    added: int = 0
    kept_database: Path | None = None
    kept_checkpoints: Path | None = None
    carried: list[str] = field(default_factory=list)
    not_carried: list[str] = field(default_factory=list)
    purges: list[str] = field(default_factory=list)
    spared: list[str] = field(default_factory=list)


def plan_restore(folder: Path) -> Plan:
    """Read a backup, and what it would replace; nothing is changed.

    Raises: BackupUnusable, MediaNotCopied, CopyFailed, RestoreRefused, StorageFault; the database's errors.
    """
    plan = Plan(folder, open_backup(folder))
    _require_fitting(plan)
    if plan.manifest["with_media"]:
        require_no_ipfs()
    if (told := unfinished.read_restore(Path(settings.DATA_DIR))) is not None:
        _go_on(plan, told)
        return plan
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


def _go_on(plan: Plan, told: dict[str, Any]) -> None:
    """Take up a restore that did not end: what it replaces is known by its note alone, and was agreed to."""
    if told.get("backup") != plan.manifest["id"]:
        message = "A restore of another backup did not come to its end."
        raise RestoreRefused(message, hint=f"Go on with it first: manage.py restore {told.get('folder')}")
    try:
        plan.former = Former.read(told["former"])
    except (KeyError, TypeError):
        message = f"{unfinished.FILE} in the data folder was written by another version of Gilfoyle."
        raise RestoreRefused(message, hint="Go on with that version.") from None
    plan.has_rows, plan.since = plan.former.replaced, plan.former.since


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
    if what and not replace and plan.former is None:
        message = (
            f"The {' and the '.join(what)} of this server {'is' if len(what) == 1 else 'are'} not empty."
        )
        hint = "Say --replace to put the backup in its place; the former database is kept beside."
        raise RestoreRefused(message, hint=hint)
    if plan.since and not even_so and plan.former is None:
        message = (
            f"Since this backup was taken {len(plan.since):,} decisions were made that it does not know."
        )
        hint = (
            "Read them (--dry-run). Restrictions and legal holds of videos, and what two people had destroyed, will "
            "be carried over, all else not: "
            "say --even-so, and do it again afterwards."
        )
        raise RestoreRefused(message, hint=hint)
    if connection.vendor == "postgresql" and (others := postgres_copies.others_at_work()):
        message = f"Somebody else is connected to the database ({others} connections)."
        raise RestoreRefused(message, hint="Stop web, workers, scheduler and whatever else uses it.")


def restore(plan: Plan, *, progress: Progress) -> Restored:
    """Put a backup in the place of what is there. Nothing else of Gilfoyle may run.

    Raises: BackupUnusable, CopyFailed, StorageFault, NoSpace while the database is as it was; RestoreStopped afterwards;
    the database's errors.
    """
    copies, data_dir = copies_of(connection.vendor), Path(settings.DATA_DIR)
    goes_on = plan.former is not None
    former = plan.former or _look_back(plan)
    placed = Placed()
    if plan.manifest["with_media"]:
        destroyed = {one.video_id for one in former.answered if one.receipt}
        placed = add_objects(plan.folder, without=destroyed, progress=progress)
    try:
        if not goes_on:
            _write_down(plan, former, copies, progress)
        copies.load(plan.folder / copies.FILE, progress)
    except (CopyFailed, OSError) as error:
        if goes_on:
            raise _stopped(plan, error) from None
        with suppress(OSError):  # if it stays, all waits for the same command
            unfinished.forget_restore(data_dir)
        if isinstance(error, CopyFailed):
            raise
        message = f"The data folder could not be written: {error.strerror or error}."
        raise CopyFailed(message, hint="The database is as it was.") from None
    try:
        done = _after_load(plan, former, placed)
        unfinished.forget_restore(data_dir)
    except (OSError, DatabaseError, GilfoyleError, CommandError) as error:
        raise _stopped(plan, error) from None
    return done


def _look_back(plan: Plan) -> Former:
    """Read of the present database what is to outlive it."""
    former = Former(timezone.now().strftime("%Y%m%dT%H%M%SZ"), plan.has_rows, plan.since)
    if plan.has_rows and plan.is_readable:
        former.restrictions, former.answered = decisions.restrictions_now(), purges.answered_now()
    return former


def _write_down(plan: Plan, former: Former, copies: Any, progress: Progress) -> None:
    """Keep the former database, and what is to be done after it is replaced. Raises: CopyFailed, OSError."""
    if plan.has_rows:
        path = _keep_database(copies, former.stamp, progress)
        former.kept_database = str(path)
        told = asdict(former)
        noted = {name: told[name] for name in ("since", "restrictions", "answered")}
        write_json(path.with_name(f"{former.stamp}-decisions.json"), noted)
    note = {"backup": plan.manifest["id"], "folder": str(plan.folder.absolute()), "former": asdict(former)}
    unfinished.note_restore(Path(settings.DATA_DIR), note)


def _stopped(plan: Plan, error: Exception) -> RestoreStopped:
    why = error.message if isinstance(error, GilfoyleError) else str(error).strip()
    message = f"The database was replaced, but not all of the restore is done: {why}"
    hint = f"Gilfoyle does not start on this machine until it is. Go on: manage.py restore {plan.folder}"
    return RestoreStopped(message, hint=hint)


def _after_load(plan: Plan, former: Former, placed: Placed) -> Restored:
    """Do all that must be so before anything may start; what stops in between is done again from the load on."""
    done = Restored(placed.added, Path(former.kept_database) if former.kept_database else None)
    if plan.migrates:
        call_command("migrate", interactive=False, verbosity=0)
    by = reviewer_of_operator(current_actor())
    for one, why in decisions.carry_over(former.restrictions):
        (done.not_carried if why else done.carried).append(
            f"{one.video_id} {one.level}" + f": {why}" * bool(why)
        )
    done.purges = purges.settle_open(former.answered, by)
    again, failed = purges.destroy_again(former.answered)
    done.carried, done.not_carried = done.carried + again, done.not_carried + failed
    done.spared = spare_what_came_since()
    told: dict[str, Any] = {name: plan.manifest[name] for name in ("taken_at", "audit_seq", "with_media")}
    told |= {
        "replaced": former.replaced,
        "decisions_since": len(former.since),
        "carried_over": len(done.carried),
        "purges_settled": len(done.purges),
        "spared": len(done.spared),
    }
    _record(plan.manifest["id"], told)
    for line in placed.waiting:
        place_object(plan.folder, line)
        done.added += 1
    done.kept_checkpoints = _begin_checkpoints_anew(former.stamp)
    return done


@atomic
def _record(backup_id: str, told: dict[str, Any]) -> None:
    Session.objects.all().delete()  # one that was ended since must not open the admin again
    record("backup.restored", object_type="backup", object_id=backup_id, data=told)


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
        if aside.exists():  # a restore that goes on: this one tells of what was loaded before
            (folder / witness.FILE).unlink()
        else:
            (folder / witness.FILE).replace(aside)
    copy_checkpoints(folder=folder)
    return aside
