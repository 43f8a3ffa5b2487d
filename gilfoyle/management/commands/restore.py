from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from gilfoyle.backups import decisions
from gilfoyle.backups.errors import RestoreRefused
from gilfoyle.backups.restoring import Plan, Restored, plan_restore, require_allowed, restore
from gilfoyle.backups.sparing import SPARED_FOR
from gilfoyle.stores.telling import StoreCommand, progress_bar, shown
from gilfoyle.supervisor import CannotStart, data_folder_lock

DONE, NOT_ALL_CARRIED = 0, 3
MOST_SHOWN = 50
EPILOG = """
Examples:
  manage.py restore /mnt/backups/2026-11-30 --dry-run
  manage.py restore /mnt/backups/2026-11-30
  manage.py restore /mnt/backups/2026-11-30 --replace --even-so

Stop Gilfoyle first. The secret key must be the one under which the backup was taken. Nothing is restored from a
backup that is not whole. A database that is replaced is kept in before-restore in the data folder, with what was
decided since the backup: restrictions and legal holds of videos are carried over, and what two people had destroyed;
other deletions and revocations are told and come undone. One that did not end goes on by the same command, and until
then Gilfoyle does not start. Afterwards: manage.py storage verify; manage.py audit verify. Exit codes: 0 done;
1 refused; 2 database or store failed, and the words say whether the database was replaced; 3 done, but something that
was decided since could not be carried over.
"""


class Command(StoreCommand):
    help = (
        "Put a backup in the place of the database, and its objects, where it has them, into the media store."
    )
    requires_system_checks = ()

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="As `backup` has written it.")
        parser.add_argument(
            "--replace", action="store_true", help="Also where database or store are not empty."
        )
        parser.add_argument(
            "--even-so", action="store_true", help="Also where decisions since the backup would come undone."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Tell what would happen, and change nothing."
        )
        parser.add_argument("--json", action="store_true", help="For programs: one JSON object.")

    def act(self, options: dict[str, Any]) -> int:
        try:
            with data_folder_lock(Path(settings.DATA_DIR)):
                return self._restore(options)
        except CannotStart as error:
            raise RestoreRefused(str(error), hint="Stop it first.") from None

    def _restore(self, options: dict[str, Any]) -> int:
        plan = plan_restore(options["folder"])
        if not options["json"]:
            self._say_plan(plan)
        if options["dry_run"]:
            if options["json"]:
                self.say_json(**_told(plan), is_dry_run=True)
            else:
                self.stdout.write("Nothing was changed.")
            return 0
        require_allowed(plan, replace=options["replace"], even_so=options["even_so"])
        with progress_bar(is_off=options["json"]) as progress:
            done = restore(plan, progress=progress)
        if options["json"]:
            kept = str(done.kept_database) if done.kept_database else None
            told: dict[str, Any] = {"added": done.added, "kept_database": kept}
            told |= {"carried": done.carried, "not_carried": done.not_carried}
            self.say_json(**_told(plan), **told, purges=done.purges, spared=done.spared)
        else:
            self._say_done(plan, done)
        return NOT_ALL_CARRIED if done.not_carried else DONE

    def _say_plan(self, plan: Plan) -> None:
        manifest, objects = plan.manifest, plan.manifest["objects"]
        media = (
            "with their bytes" if manifest["with_media"] else "without their bytes: they must be in the store"
        )
        self.stdout.write(
            f"Backup of {manifest['taken_at']}: {manifest['videos']:,} videos, {objects['count']:,} objects, {media}."
        )
        if plan.former is not None:
            self.stdout.write("A restore of it did not come to its end. This goes on with it.")
        if not plan.is_readable:
            self.stdout.write("What is in the database now can't be read as Gilfoyle's.")
        if plan.since:
            self.stdout.write(f"Decided since, and not in the backup ({len(plan.since):,}):")
        for one in plan.since[:MOST_SHOWN]:
            self.stdout.write(f"  {one.at[:19]}  {one.what:<22} {shown(one.object_id)} {one.reason}".rstrip())
        if len(plan.since) > MOST_SHOWN:
            self.stdout.write(f"  … and {len(plan.since) - MOST_SHOWN:,} more; --json tells of each.")

    def _say_done(self, plan: Plan, done: Restored) -> None:
        self.stdout.write(f"Restored. {done.added:,} objects were added to the store.")
        for one in done.carried:
            self.stdout.write(f"Carried over, as it was: {one}.")
        for one in done.not_carried:
            self.stdout.write(f"NOT carried over, do it by hand before you start Gilfoyle: {one}")
        for one in done.purges:
            self.stdout.write(f"{one}.")
        if done.spared:
            days = SPARED_FOR.days
            self.stdout.write(f"Of these more may have come since; nothing removes it for {days} days:")
        for one in done.spared[:MOST_SHOWN]:
            self.stdout.write(f"  {shown(one)}")
        if len(done.spared) > MOST_SHOWN:
            self.stdout.write(f"  … and {len(done.spared) - MOST_SHOWN:,} more.")
        if done.kept_database:
            self.stdout.write(
                f"The former database is {done.kept_database}. It holds what was deleted since: remove it when you are sure."
            )
        if not plan.manifest["with_media"]:
            self.stdout.write("See whether all objects are there: manage.py storage verify")
        self.stdout.write("Everybody signed in to the admin has to sign in again. Now start Gilfoyle.")


def _told(plan: Plan) -> dict[str, Any]:
    names = ("id", "taken_at", "engine", "videos", "with_media")
    told = {name: plan.manifest[name] for name in names}
    told |= {"objects": plan.manifest["objects"]["count"], "database_is_empty": not plan.has_rows}
    return told | {"store_is_empty": not plan.has_objects, "since": decisions.as_json(plan.since)}
