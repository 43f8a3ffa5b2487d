from __future__ import annotations

import json
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from gilfoyle.lib.config import find_settings_file, read_config
from gilfoyle.settings_report import build_schema, render_effective


class Command(BaseCommand):
    help = "Show the settings in force, check them, or print their JSON Schema."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["show", "check", "schema"])

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["action"] == "schema":
            self.stdout.write(json.dumps(build_schema(), indent=2))
            return
        config = read_config(os.environ)
        if options["action"] == "show":
            self.stdout.write(render_effective(config), ending="")
            return
        self.stdout.write(f"{find_settings_file(os.environ) or 'The defaults (no settings file)'}: ok")
