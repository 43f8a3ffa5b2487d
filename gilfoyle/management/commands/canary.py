from __future__ import annotations

import logging
import sys
from argparse import ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser
from django.db import DatabaseError

from gilfoyle.whole_path import Outcome, Part, open_client, walk_whole_path
from videos.management.telling import REFUSED, TellingCommand, add_json

WORDS = {
    "clip": "a clip was made",
    "create": "a video was created by the API",
    "upload": "the file was uploaded",
    "playable": "it can be played",
    "token": "a playback token was signed",
    "manifest": "the playlists were fetched",
    "segment": "a segment was fetched",
    "refused": "all that was refused without the right token",
    "ready": "all sizes are there",
    "delete": "it was deleted",
    "gone": "and plays no more",
}
LONGEST_S = 86_400
EPILOG = """
Sends a clip of two seconds the whole way, over HTTP at `server.public_url` (or `safety.self_test_url`), as a consumer and a
viewer would: web server, store, database, broker and every pool of workers take part. It belongs to a project of
Gilfoyle's own, which no list of videos, quota, figure of use or audit shows, and is deleted at the end, also where something
failed.

Exit codes: 0 it went the whole way; 1 it did not, and where it ended; 2 usage.

Examples:
  manage.py canary
  manage.py canary --timeout-s 60 --json
"""


class Command(TellingCommand):
    help = "Upload, process, play and delete a small clip once, and tell how long each part took."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--timeout-s",
            type=_seconds,
            default=300,
            metavar="N",
            help="How long it may take until the clip is ready (300).",
        )
        add_json(parser)

    def act(self, options: dict[str, Any]) -> None:
        logging.disable(logging.CRITICAL)  # the lines below say it all
        try:
            with open_client() as client:
                outcome = walk_whole_path(
                    settings.GILFOYLE,
                    client=client,
                    timeout_s=options["timeout_s"],
                    tell=lambda part: self._show(part, options),
                )
        except DatabaseError as error:
            message = f"The database could not be used: {str(error).strip()} Try manage.py doctor."
            raise CommandError(message, returncode=REFUSED) from None
        finally:
            logging.disable(logging.NOTSET)
        self._sum_up(outcome, options)
        if outcome.broken:
            sys.exit(REFUSED)

    def _show(self, part: Part, options: dict[str, Any]) -> None:
        if not options["json"]:
            self.stdout.write(f"ok    {part.took_s:>8.3f} s  {WORDS[part.name]} ({part.words})")
            self.stdout.flush()

    def _sum_up(self, outcome: Outcome, options: dict[str, Any]) -> None:
        told: dict[str, Any] = {
            "outcome": "broken" if outcome.broken else "whole",
            "video_id": outcome.video_id,
            "total_s": round(outcome.total_s, 3),
            "parts": [asdict(part) for part in outcome.parts],
        }
        if outcome.broken:
            told["broken"] = {"part": outcome.broken, "message": outcome.message, "hint": outcome.hint}
            words = f"FAIL              {outcome.broken}: {outcome.message} {outcome.hint}".rstrip()
            self.tell(options, told, self.style.ERROR(words))
        else:
            self.tell(options, told, f"The whole way took {outcome.total_s:.1f} s.")


def _seconds(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LONGEST_S:
        message = f"must be a number of seconds from 1 to {LONGEST_S}, not {text!r}"
        raise ArgumentTypeError(message)
    return int(text)
