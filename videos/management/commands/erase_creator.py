from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser

from videos.management.telling import REFUSED, TellingCommand, add_dry_run
from videos.privacy.creators import Creator, find_creator
from videos.privacy.erasing import erase_creator, erase_on_trial
from videos.privacy.proving import Proof, prove
from videos.privacy.traces import Trace, find_traces

EPILOG = """
Videos are deleted: they play no more at once, their files are gone within minutes. Reports and appeals by the creator
lose who it was and what was written; decisions, strikes and freezes go on under a pseudonym, without words. The audit
stays whole. A video under a legal hold stays, and is named; run the command again once the hold is lifted, or after
it was interrupted. The receipt is printed as JSON. Keep it: --verify shows by it that the id occurs nowhere any more.

Exit code 1: something is left, and is named.

Examples:
  manage.py erase_creator Shop user-17 --dry-run
  manage.py erase_creator Shop user-17 > receipt.json
  manage.py erase_creator Shop user-17 --verify receipt.json
"""


class Command(TellingCommand):
    help = "Erase one of a consumer's users: a request to be forgotten. It can't be taken back."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("project", metavar="PROJECT", help="Its name or id.")
        parser.add_argument("creator", metavar="CREATOR_ID", help="The consumer's own id.")
        parser.add_argument("--verify", metavar="RECEIPT", help="Erase nothing; look whether all is gone.")
        add_dry_run(parser)

    def act(self, options: dict[str, Any]) -> None:
        creator = find_creator(project=options["project"], creator_id=options["creator"])
        if options["verify"]:
            self._verify(creator, Path(options["verify"]))
            return
        receipt = erase_on_trial(creator) if options["dry_run"] else erase_creator(creator)
        told = receipt.to_json()
        if options["dry_run"]:
            told |= {"is_dry_run": True}
        self.stdout.write(json.dumps(told, indent=1))
        traces = () if options["dry_run"] else find_traces(creator)
        for video_id in receipt.held:
            self.stderr.write(f"{video_id} is under a legal hold and stays.")
        self._name(traces)
        if receipt.held or traces:
            sys.exit(REFUSED)

    def _verify(self, creator: Creator, path: Path) -> None:
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            message = f"{path} can't be read as a receipt."
            raise CommandError(message) from None
        proof = prove(creator, told if isinstance(told, dict) else {})
        self._tell(proof)
        if not proof.is_whole:
            sys.exit(REFUSED)

    def _tell(self, proof: Proof) -> None:
        if not proof.is_recorded:
            self.stdout.write("The audit does not say what this receipt says.")
        for video_id in proof.going:
            self.stdout.write(f"{video_id} is being removed still; look again in some minutes.")
        for video_id in proof.held:
            self.stdout.write(f"{video_id} is under a legal hold.")
        for trace in proof.traces:
            self.stdout.write(_in_words(trace))
        if proof.is_whole:
            self.stdout.write(
                "Erased: the id occurs in no table, and the audit says the same as the receipt."
            )

    def _name(self, traces: Any) -> None:
        for trace in traces:
            self.stderr.write(_in_words(trace))


def _in_words(trace: Trace) -> str:
    return f"It occurs in {trace.table}.{trace.column} ({trace.count}): {', '.join(trace.rows)}."
