from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from videos.catalog.models import Video
from videos.management.telling import (
    TellingCommand,
    add_dry_run,
    add_json,
    given_text,
    in_words,
    kept_unless,
    operator,
    read_moment,
)
from videos.moderation.by_hand import LEVELS, restrict_video
from videos.moderation.deciding import Verdict
from videos.moderation.models import Decision
from videos.moderation.policy import KIND_OF_LEVEL
from videos.moderation.reasons import CODES

EPILOG = f"""
held        plays for reviewers alone; its case stays open until somebody decides
restricted  plays for nobody
blocked     plays for nobody

Reasons: {", ".join(CODES)}.

Examples:
  manage.py restrict vid_4b1DkR0v2Zq8mXw7Yp --level held --reason hate
  manage.py restrict vid_4b1DkR0v2Zq8mXw7Yp --level blocked --reason copyright --note "Notice of 12 May." --json
  manage.py restrict vid_4b1DkR0v2Zq8mXw7Yp --level restricted --reason court_order --until 2027-01-31

It holds within a second. The owner of the video is told level, reason and note. `release` takes it back.
"""


class Command(TellingCommand):
    help = "Restrict a video at once, by a decision as a reviewer's: with a case, a reason, an entry in the audit."
    epilog = EPILOG

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("video", metavar="VIDEO", help="The video's id.")
        parser.add_argument("--level", required=True, choices=LEVELS)
        parser.add_argument("--reason", required=True, choices=CODES, metavar="CODE", help="See below.")
        parser.add_argument(
            "--note", default="", metavar="TEXT", help="Why, told to its owner; - reads standard input."
        )
        parser.add_argument("--until", metavar="TIME", help="It ends by itself then. A day or a moment, UTC.")
        add_dry_run(parser)
        add_json(parser)

    def act(self, options: dict[str, Any]) -> None:
        verdict = Verdict(
            KIND_OF_LEVEL[options["level"]],
            options["reason"],
            explanation=given_text(options["note"]),
            ends_at=read_moment(options["until"]),
        )
        decision, level = kept_unless(options["dry_run"], partial(_restrict, options["video"], verdict))
        told = {
            "video_id": decision.target_id,
            "level": level,
            "decision_id": decision.pk,
            "case_id": decision.case_id,
            "ends_at": in_words(decision.ends_at) or None,
            "is_dry_run": options["dry_run"],
        }
        until = f" until {in_words(decision.ends_at)}" if decision.ends_at else ""
        words = f"{decision.target_id} is {level}{until}. Decision {decision.pk}, case {decision.case_id}."
        if level != options["level"]:
            words += f" An earlier decision is stricter than {options['level']}."
        if options["dry_run"]:
            words = f"{decision.target_id} would be {level}{until}. Nothing was changed."
            told |= {"decision_id": None, "case_id": None}
        self.tell(options, told, words)


def _restrict(video_id: str, verdict: Verdict) -> tuple[Decision, str]:
    decision = restrict_video(video_id=video_id, verdict=verdict, by=operator())
    return decision, Video.objects.values_list("restriction", flat=True).get(pk=decision.target_id)
