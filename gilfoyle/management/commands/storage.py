from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.judging import Finding
from gilfoyle.stores.surveying import Survey
from gilfoyle.stores.telling import StoreCommand, progress_bar, shown

LOST, ONLY_ORPHANS = 1, 3
MOST_SHOWN = 50


class Command(StoreCommand):
    help = "Look after the media store: is everything there that the rows name, and as it was stored?"

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        verify = actions.add_parser(
            "verify",
            help="Compare the store with the rows. Exit code 0: all well; 1: objects are missing or corrupt; "
            "2: it could not be looked at; 3: nothing is lost, but there are orphans.",
        )
        verify.add_argument(
            "--checksums",
            action="store_true",
            help="Also read every source, and compare its SHA-256. Without it sizes are compared.",
        )
        verify.add_argument("--json", action="store_true", help="For programs: one object a line.")

    def act(self, options: dict[str, Any]) -> int:
        actions = {"verify": self._verify}
        return actions[options["action"]](options)

    def _verify(self, options: dict[str, Any]) -> int:
        with Inventory() as inventory, progress_bar(is_off=options["json"]) as progress:
            survey = Survey(inventory, progress, with_checksums=options["checksums"])
            told: dict[str, int] = {}
            for finding in survey.look():
                told[finding.kind] = told.get(finding.kind, 0) + 1
                if options["json"] or told[finding.kind] <= MOST_SHOWN:
                    self._tell(finding, options)
        self._sum_up(survey, options)
        if survey.counts["missing"] or survey.counts["corrupt"]:
            return LOST
        return ONLY_ORPHANS if survey.counts["orphan"] else 0

    def _tell(self, finding: Finding, options: dict[str, Any]) -> None:
        if options["json"]:
            self.say_finding(finding)
        else:
            self.stdout.write(f"{finding.kind:<8}  {shown(finding.name)}: {finding.why}")

    def _sum_up(self, survey: Survey, options: dict[str, Any]) -> None:
        counts = survey.counts
        kinds = ("missing", "corrupt", "orphan", "foreign")
        others = ("named", "kept", "leaving", "held", "young")
        if options["json"]:
            self.say_json(
                kind="summary",
                objects=survey.objects,
                size_bytes=survey.size_bytes,
                sources_read=survey.hashed,
                **{kind: counts[kind] for kind in (*kinds, *others)},
            )
            return
        for kind in kinds:
            if counts[kind] > MOST_SHOWN:
                self.stdout.write(f"… {counts[kind]:,} {kind} in all; --json tells of each.")
        self.stdout.write(
            f"{survey.objects:,} objects, {survey.size_bytes:,} bytes: "
            f"{counts['missing']:,} missing, {counts['corrupt']:,} corrupt, {counts['orphan']:,} orphans, "
            f"{counts['foreign']:,} not Gilfoyle's; {counts['young']:,} too young to tell."
        )
        if options["checksums"]:
            self.stdout.write(f"{survey.hashed:,} sources were read through.")
