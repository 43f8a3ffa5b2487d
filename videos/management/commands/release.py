from __future__ import annotations

import sys
from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from videos.catalog.models import Video
from videos.management.telling import (
    REFUSED,
    TellingCommand,
    add_dry_run,
    add_json,
    given_text,
    kept_unless,
    operator,
)
from videos.moderation.by_hand import Released, release_video
from videos.moderation.policy import Kind

EPILOG = """
Takes back what holds, restricts or blocks the video. Age labels, countries and legal holds are left as they are.
What was decided for csam, tvec or court_order takes two people: then it is asked for here, and another person of the
staff approves it. What its owner restricted, only its owner lifts; a purge is stopped by refusing it.

Exit code 1: something still keeps it from being played.

Examples:
  manage.py release vid_4b1DkR0v2Zq8mXw7Yp --note "The notice was withdrawn."
  manage.py release vid_4b1DkR0v2Zq8mXw7Yp --dry-run --json
"""


class Command(TellingCommand):
    help = "Let a video be played again: takes back the decisions that hold, restrict or block it."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("video", metavar="VIDEO", help="The video's id.")
        parser.add_argument(
            "--note", default="", metavar="TEXT", help="Why, told to its owner; - reads standard input."
        )
        add_dry_run(parser)
        add_json(parser)

    def act(self, options: dict[str, Any]) -> None:
        note = given_text(options["note"])
        released, level = kept_unless(options["dry_run"], partial(_release, options["video"], note))
        told = {
            "video_id": options["video"],
            "level": level,
            "lifted": [one.supersedes_id for one in released.lifted],
            "waiting": [one.decision_id for one in released.waiting],
            "kept": [{"decision_id": one.decision_id, "why": _why_kept(one.kind)} for one in released.kept],
            "is_dry_run": options["dry_run"],
        }
        self.tell(options, told, "\n".join(_lines(released, options["video"], level, options["dry_run"])))
        if not released.is_whole:
            sys.exit(REFUSED)


def _release(video_id: str, note: str) -> tuple[Released, str]:
    released = release_video(video_id=video_id, explanation=note, by=operator())
    return released, Video.objects.values_list("restriction", flat=True).get(pk=video_id)


def _why_kept(kind: str) -> str:
    return "to be purged" if kind == Kind.PURGE else "its owner restricted it"


def _lines(released: Released, video_id: str, level: str, is_dry: bool) -> list[str]:  # noqa: FBT001 - not an option
    verb = "would be" if is_dry else "is"
    lines = [f"{video_id} {verb} {'released' if level == 'none' else level}."]
    if not (released.lifted or released.waiting or released.kept):
        lines = [f"{video_id} was not restricted."]
    lines += [f"Taken back: {one.supersedes_id} ({one.reason})." for one in released.lifted]
    lines += [f"Another person must approve this first: {one.decision_id}." for one in released.waiting]
    lines += [f"Stays: {one.decision_id}, {_why_kept(one.kind)}." for one in released.kept]
    if is_dry:
        lines.append("Nothing was changed.")
    return lines
