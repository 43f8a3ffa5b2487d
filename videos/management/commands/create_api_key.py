from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from gilfoyle.lib.errors import Refusal
from gilfoyle.lib.transactions import atomic
from videos.access.keys import SCOPES
from videos.access.services import create_api_key, get_or_create_project

LONGEST_DAYS = 36_500


class Command(BaseCommand):
    help = "Make an API key for a project; the project is made too when it is missing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--project", required=True, metavar="NAME", help="Name of the project.")
        parser.add_argument("--label", default="Command line", help="What the key is for.")
        parser.add_argument(
            "--scope",
            action="append",
            metavar="SCOPE",
            help=f"What the key may do; can be repeated. All of them when left out: {', '.join(SCOPES)}.",
        )
        parser.add_argument(
            "--expires-in-days", type=int, metavar="N", help="Without it the key never expires."
        )
        parser.add_argument("--quiet", action="store_true", help="Print the key alone.")

    def handle(self, *_args: Any, **options: Any) -> None:
        days: int | None = options["expires_in_days"]
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            message = f"--expires-in-days must be from 1 to {LONGEST_DAYS}."
            raise CommandError(message)
        try:
            text = self._create(options, days)
        except Refusal as error:
            raise CommandError(f"{error.message} {error.hint}".strip()) from None
        self.stdout.write(text)
        if not options["quiet"]:
            self.stdout.write("Keep it well: it can't be shown again.")

    @atomic  # a refused key leaves no new project behind
    def _create(self, options: dict[str, Any], days: int | None) -> str:
        _key, text = create_api_key(
            project=get_or_create_project(name=options["project"]),
            label=options["label"],
            scopes=options["scope"],
            expires_at=None if days is None else timezone.now() + timedelta(days=days),
        )
        return text
