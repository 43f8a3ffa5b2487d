from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from videos.management.telling import TellingCommand, add_json
from videos.privacy.creators import find_creator
from videos.privacy.exporting import export_creator, opened_store

EPILOG = """
All rows that bear the creator's id, a file of JSON a table, and manifest.json with the SHA-256 of each. What others
wrote of them, and who reported, is left out; keys are, too.

Examples:
  manage.py export_creator Shop user-17 --out user-17.zip
  manage.py export_creator Shop user-17 --out user-17 --with-files
"""


class Command(TellingCommand):
    help = "Write what is kept of one of a consumer's users: a request for information."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="Its name or id.")
        parser.add_argument("creator", metavar="CREATOR_ID", help="The consumer's own id.")
        parser.add_argument("--out", required=True, metavar="FILE.zip|DIR", help="It must not be there yet.")
        parser.add_argument("--with-files", action="store_true", help="The uploaded files, too.")
        add_json(parser)

    def act(self, options: dict[str, Any]) -> None:
        creator = find_creator(project=options["project"], creator_id=options["creator"])
        path = Path(options["out"])
        try:
            with opened_store(path) as store:
                manifest = export_creator(creator, store, with_files=options["with_files"])
        except OSError as error:
            message = f"{path} can't be written: {error.strerror}."
            raise CommandError(message) from None
        rows = sum(file.get("rows", 0) for file in manifest["files"])
        told = {"out": str(path), "rows": rows, "files": len(manifest["files"])}
        self.tell(options, told, f"{rows} rows in {len(manifest['files'])} files: {path}")
