from __future__ import annotations

from functools import partial
from typing import Any

from django.core.management.base import CommandParser

from processing.jobs.reprocessing import reprocess
from processing.management.choosing import ChosenCommand, choose_videos, require_choice
from videos.catalog import states
from videos.models import Video

EPILOG = """
Examples:
  manage.py reprocess vid_4b1DkR0v2Zq8mXw7Yp
  manage.py reprocess vid_4b1DkR0v2Zq8mXw7Yp --rendition v720
  manage.py reprocess --project Default --codec av1 --limit 20 --dry-run
  manage.py reprocess --failure source_corrupt --json

A video that plays goes on playing; what is made takes its place once all of it is there. A project means those
of its videos that are ready. Exit codes: 0 all are at work; 1 some were refused; 2 usage.
"""


class Command(ChosenCommand):
    help = "Process videos anew by today's settings: whole, or some renditions or codecs alone."
    epilog = EPILOG
    done_words = "is processed anew."
    would_words = "would be processed anew."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--failure", default="", metavar="CODE", help="Those that failed with this code.")
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--rendition", action="append", default=[], metavar="NAME", help="May be repeated.")
        what.add_argument("--codec", action="append", default=[], metavar="CODEC", help="May be repeated.")

    def act(self, options: dict[str, Any]) -> None:
        require_choice(options, "project", "failure")
        statuses = [states.FAILED] if options["failure"] else [states.READY]
        videos = choose_videos(options, statuses=statuses, code=options["failure"])
        self.do_to_each(options, videos, partial(_reprocess, options))


def _reprocess(options: dict[str, Any], video: Video) -> dict[str, str]:
    job = reprocess(video=video, renditions=options["rendition"], codecs=options["codec"])
    return {"job_id": job.pk}
