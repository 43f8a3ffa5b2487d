from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from processing.jobs.catching_up import BANNED, FAILED, NO_PICTURES, QUEUED, UNDER_WAY, catch_up

MOST = 1000


class Command(BaseCommand):
    help = (
        "Have the pictures of videos hashed that are not recognised by them yet: those from before recognition was on, "
        "and whatever can't be read. Workers do it last of all; run it again to go on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--missing",
            action="store_true",
            required=True,
            help="Of ready videos without readable hashes; others are left as they are.",
        )
        parser.add_argument(
            "--limit", type=int, default=MOST, metavar="N", help=f"Queue so many at most ({MOST})."
        )
        parser.add_argument(
            "--retry-failed", action="store_true", help="Try those once more that failed before."
        )
        parser.add_argument("--dry-run", action="store_true", help="Only tell, and change nothing.")
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")

    def handle(self, *_args: Any, **options: Any) -> None:
        most, is_dry_run = options["limit"], options["dry_run"]
        if most < 1:
            message = "--limit takes a number from 1 on."
            raise CommandError(message)
        if not settings.GILFOYLE.safety.recognition.enabled:
            message = "Recognition is off; set safety.recognition.enabled to true first."
            raise CommandError(message)
        counts = catch_up(most=most, tries_failed=options["retry_failed"], is_dry_run=is_dry_run)
        if options["json"]:
            self.stdout.write(json.dumps({"dry_run": is_dry_run, **counts}))
            return
        queued = "would be queued" if is_dry_run else "queued"
        self.stdout.write(f"{counts[QUEUED]} videos {queued} to be hashed.")
        told = {
            UNDER_WAY: "are waiting to be hashed, or are being hashed.",
            FAILED: "failed before; --retry-failed tries them again.",
            NO_PICTURES: "have no pictures, or nothing to make hashes of.",
            BANNED: f"of banned videos whose ban can't be read {queued} to be hashed anew.",
        }
        for outcome, words in told.items():
            if counts[outcome]:
                self.stdout.write(f"{counts[outcome]} {words}")
        if max(counts[QUEUED], counts[BANNED]) >= most:
            self.stdout.write(
                "There may be more: run it again when these are done, or with a larger --limit."
            )
