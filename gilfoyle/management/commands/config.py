from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gilfoyle.lib.config import ROOT, find_settings_file, read_config
from gilfoyle.settings_reference import RENEW, render_reference
from gilfoyle.settings_report import build_schema, render_effective

PAGE = Path("docs/settings.md")


class Command(BaseCommand):
    help = (
        "Show the settings in force, check them, print their JSON Schema, or compare docs/settings.md with it "
        "(reference; --write writes it anew)."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["show", "check", "schema", "reference"])
        parser.add_argument("--write", action="store_true", help=f"with reference: write {PAGE} anew")
        parser.add_argument("--folder", type=Path, default=ROOT, help="where docs/ is")

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["action"] == "schema":
            self.stdout.write(json.dumps(build_schema(), indent=2))
            return
        if options["action"] == "reference":
            self._refer(options["folder"], write=options["write"])
            return
        config = read_config(os.environ)
        if options["action"] == "show":
            self.stdout.write(render_effective(config), ending="")
            return
        self.stdout.write(f"{find_settings_file(os.environ) or 'The defaults (no settings file)'}: ok")

    def _refer(self, folder: Path, *, write: bool) -> None:
        """Raises: CommandError where the page is not what it should be, and is not to be written."""
        page, manual = folder / PAGE, ROOT / "settings.yaml"
        if not manual.is_file():
            message = f"{manual} is not there: it has the words for the keys."
            raise CommandError(message)
        text = render_reference(build_schema(), manual.read_text(encoding="utf-8"))
        is_fresh = page.is_file() and page.read_text(encoding="utf-8") == text
        if not is_fresh and not write:
            message = f"{PAGE} is not what the settings are. If they are meant so: {RENEW}"
            raise CommandError(message)
        if not is_fresh:
            page.write_text(text, encoding="utf-8")
        self.stdout.write("Nothing has changed." if is_fresh else f"{PAGE} is written.")
