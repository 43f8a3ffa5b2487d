from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from gilfoyle.backups.unfinished import require_ended
from gilfoyle.lib.ipfs_storage import IpfsStorage
from gilfoyle.lib.store_places import every_store
from gilfoyle.stores.emptying import REMOVED, UNNAMED, empty
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.judging import Finding
from gilfoyle.stores.moving import COPIED, DIFFERENT, FAILED, GONE, PARALLEL, THERE
from gilfoyle.stores.planning import plan_move
from gilfoyle.stores.surveying import Survey
from gilfoyle.stores.telling import StoreCommand, progress_bar, shown

LEFT = LOST = 1
ONLY_ORPHANS = 3
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

        migrate = actions.add_parser(
            "migrate",
            help="Move objects from one store to another while the system works; can be repeated. Exit code 1: some "
            "are left, or it is not set up.",
        )
        migrate.add_argument(
            "source", metavar="FROM", help="A store of the settings: main, or one of others."
        )
        migrate.add_argument("target", metavar="TO", help="The store that new objects go to.")
        migrate.add_argument(
            "--delete-old",
            action="store_true",
            help="Remove from the old store what the new one has, after comparing all of it once more. Copies nothing.",
        )
        migrate.add_argument(
            "--unnamed-too",
            action="store_true",
            help="With --delete-old: also remove what no row names and the new store lacks. It was deleted since.",
        )
        migrate.add_argument(
            "--parallel", type=int, default=PARALLEL, metavar="N", help="So many objects at once (4)."
        )
        migrate.add_argument("--json", action="store_true", help="For programs: one object at the end.")

    def act(self, options: dict[str, Any]) -> int:
        actions = {"verify": self._verify, "migrate": self._migrate}
        return actions[options["action"]](options)

    def _migrate(self, options: dict[str, Any]) -> int:
        if options["delete_old"]:
            require_ended(settings.DATA_DIR)
        with progress_bar(is_off=options["json"]) as progress:
            move = plan_move(
                settings.GILFOYLE.storage,
                source=options["source"],
                target=options["target"],
                progress=progress,
                is_last=options["delete_old"],
                parallel=max(1, options["parallel"]),
            )
            if options["delete_old"]:
                is_whole = empty(move, unnamed_too=options["unnamed_too"])
            else:
                is_whole = move.copy()
        counts = move.counts
        if options["json"]:
            self.say_json(
                kind="summary",
                is_whole=is_whole,
                **{
                    outcome: counts[outcome]
                    for outcome in (COPIED, THERE, GONE, REMOVED, UNNAMED, DIFFERENT, FAILED)
                },
                copied_bytes=move.size_bytes,
                problems=move.problems,
            )
            return 0 if is_whole else LEFT
        for problem in move.problems[:MOST_SHOWN]:
            self.stdout.write(shown(problem))
        if options["delete_old"]:
            self.stdout.write(
                f"{counts[REMOVED]:,} removed from {options['source']}; "
                f"{counts[DIFFERENT] + counts[FAILED]:,} stay there, for {options['target']} does not have them; "
                f"{counts[UNNAMED]:,} stay there and are named by no row (--unnamed-too removes them)."
            )
        else:
            self.stdout.write(
                f"{counts[COPIED]:,} copied ({move.size_bytes:,} bytes), {counts[THERE]:,} were there, "
                f"{counts[FAILED]:,} failed, {counts[DIFFERENT]:,} differ."
            )
            self.stdout.write(
                f"All of {options['source']} is in {options['target']}."
                if is_whole
                else "Not all is there, or more came meanwhile: run it again."
            )
        return 0 if is_whole else LEFT

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
        if any(isinstance(store, IpfsStorage) for _, store in every_store()):
            self.stdout.write("Whether the node of IPFS still pins what is named was not looked at.")
