from __future__ import annotations

from argparse import RawDescriptionHelpFormatter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from gilfoyle.backups.checking import check_backup
from gilfoyle.backups.taking import DELETED, Taken, take_backup
from gilfoyle.stores.telling import StoreCommand, progress_bar, shown

WHOLE, DAMAGED, INCOMPLETE = 0, 1, 3
MOST_SHOWN = 20
EPILOG = """
Examples:
  manage.py backup /mnt/backups/2026-11-30
  manage.py backup /mnt/backups/2026-11-30 --with-media
  manage.py backup --verify /mnt/backups/2026-11-30 --json

Gilfoyle goes on working meanwhile. What was stopped goes on by the same command. The secret key is not in a
backup: keep it apart (the file secret_key in the data folder, or GILFOYLE_SECRET_KEY); without it nothing can
be restored. Exit codes: 0 whole; 1 refused, or not whole; 2 database, store or folder failed; 3 whole, but
objects that rows name are missing in the store, or not what they were.
"""


class Command(StoreCommand):
    help = (
        "Back up the database and the list of all objects that it names; with --with-media the objects, too."
    )

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": EPILOG}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", type=Path, metavar="FOLDER", help="A new or empty one, on another disk."
        )
        parser.add_argument("--with-media", action="store_true", help="Copy the objects into it, too.")
        parser.add_argument(
            "--verify",
            action="store_true",
            help="Write nothing: is the backup in FOLDER whole, byte by byte?",
        )
        parser.add_argument("--json", action="store_true", help="For programs: one JSON object.")

    def act(self, options: dict[str, Any]) -> int:
        return self._verify(options) if options["verify"] else self._take(options)

    def _take(self, options: dict[str, Any]) -> int:
        with progress_bar(is_off=options["json"]) as progress:
            taken = take_backup(options["folder"], with_media=options["with_media"], progress=progress)
        lost = [one for one in taken.problems if one["state"] != DELETED]
        if options["json"]:
            told = {**taken.manifest, "is_resumed": taken.is_resumed}
            told["problems"] = [{"name": one["name"], "state": one["state"]} for one in taken.problems]
            self.say_json(
                **{name: value for name, value in told.items() if name not in {"migrations", "seal"}}
            )
        else:
            self._say_taken(options, taken)
        return INCOMPLETE if lost else WHOLE

    def _say_taken(self, options: dict[str, Any], taken: Taken) -> None:
        manifest, objects = taken.manifest, taken.manifest["objects"]
        for one in taken.problems[:MOST_SHOWN]:
            self.stdout.write(f"{one['state']:<8}  {shown(one['name'])}")
        if len(taken.problems) > MOST_SHOWN:
            self.stdout.write(f"… {len(taken.problems):,} in all; --json tells of each.")
        what = "copied" if manifest["with_media"] else "listed, and NOT copied (--with-media does)"
        self.stdout.write(
            f"Backup of {manifest['taken_at']} in {options['folder']}: the database "
            f"({manifest['database']['size_bytes']:,} bytes) and {objects['count']:,} objects "
            f"({objects['objects_bytes']:,} bytes), {what}."
        )
        if objects[DELETED]:
            self.stdout.write(f"{objects[DELETED]:,} objects were deleted while it was taken.")
        self.stdout.write(
            f"The secret key {manifest['secret'][:16]} is NOT in it. Keep it apart: without it nothing of this opens."
        )

    def _verify(self, options: dict[str, Any]) -> int:
        with progress_bar(is_off=options["json"]) as progress:
            checked = check_backup(options["folder"], progress)
        manifest = checked.manifest
        if options["json"]:
            told = {name: manifest[name] for name in ("id", "taken_at", "secret", "engine", "with_media")}
            whole = not checked.damages
            self.say_json(is_whole=whole, **told, objects=checked.objects, damages=checked.damages)
            return WHOLE if whole else DAMAGED
        for damage in checked.damages[:MOST_SHOWN]:
            self.stdout.write(shown(damage))
        outcome = f"NOT whole ({len(checked.damages):,} damaged)" if checked.damages else "Whole"
        media = "with" if manifest["with_media"] else "without"
        self.stdout.write(
            f"{outcome}: the backup of {manifest['taken_at']}, database and {checked.objects:,} objects, {media} their bytes."
        )
        return DAMAGED if checked.damages else WHOLE
