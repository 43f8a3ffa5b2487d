from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from gilfoyle.backups.unfinished import require_ended
from gilfoyle.stores.collecting import Removed, find_orphans, remove_orphans, require_still
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.judging import Finding
from gilfoyle.stores.surveying import GRACE_S, Survey
from gilfoyle.stores.telling import StoreCommand, in_words, progress_bar, shown

HOUR_S = 3600


class Command(StoreCommand):
    help = "Remove objects of the media store that no row names, and tell of each why it is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only tell; remove nothing.")
        parser.add_argument(
            "--older-than-hours",
            type=float,
            default=GRACE_S / HOUR_S,
            metavar="N",
            help="Leave what is younger: somebody may just be writing it (24; at least 1).",
        )
        parser.add_argument(
            "--even-so",
            action="store_true",
            help="Also where more than a tenth of all objects would go, where the database knows no video, or where some "
            "came between a backup and the restore of it.",
        )
        parser.add_argument("--json", action="store_true", help="For programs: one object a line.")

    def act(self, options: dict[str, Any]) -> int:
        grace_s = max(1.0, options["older_than_hours"]) * HOUR_S
        if not options["dry_run"]:
            require_still()
            require_ended(settings.DATA_DIR)
        with Inventory() as inventory, progress_bar(is_off=options["json"]) as progress:
            survey = Survey(inventory, progress, grace_s=grace_s)
            found_bytes = 0
            even_so = options["dry_run"] or options["even_so"]
            for finding in find_orphans(survey, even_so=even_so):
                found_bytes += finding.size_bytes
                self._tell(finding, options)
            removed = Removed()
            if not options["dry_run"]:
                for one in remove_orphans(survey):
                    removed.objects += one.objects
                    removed.size_bytes += one.size_bytes
        self._sum_up(survey, found_bytes, removed, options)
        return 0

    def _tell(self, finding: Finding, options: dict[str, Any]) -> None:
        if options["json"]:
            self.say_finding(finding)
            return
        since = in_words(finding.since)
        self.stdout.write(f"{shown(finding.name)}  {finding.size_bytes:,} bytes since {since}: {finding.why}")

    def _sum_up(self, survey: Survey, found_bytes: int, removed: Removed, options: dict[str, Any]) -> None:
        counts = survey.counts
        if options["json"]:
            self.say_json(
                kind="summary",
                objects=survey.objects,
                orphans=counts["orphan"],
                orphan_bytes=found_bytes,
                removed=removed.objects,
                removed_bytes=removed.size_bytes,
                young=counts["young"],
                held=counts["held"],
                foreign=counts["foreign"],
            )
            return
        self.stdout.write(
            f"{counts['orphan']:,} of {survey.objects:,} objects are named by no row ({found_bytes:,} bytes); "
            f"{removed.objects:,} removed ({removed.size_bytes:,} bytes)."
        )
        if counts["young"]:
            self.stdout.write(f"{counts['young']:,} more are too young to tell.")
        if counts["foreign"]:
            self.stdout.write(f"{counts['foreign']:,} are not Gilfoyle's, and were left alone.")
