from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from processing.jobs import states
from processing.jobs.again import retry_job
from processing.jobs.models import Job
from processing.management.choosing import ChosenCommand, choose_jobs, require_choice

EPILOG = """
Examples:
  manage.py retry vid_4b1DkR0v2Zq8mXw7Yp
  manage.py retry --failure no_space --dry-run
  manage.py retry --project Default --failure internal_error --limit 50 --json

What is done stays done; only what failed or was cancelled is done again. What was cancelled is chosen by
--failure cancelled alone. Exit codes: 0 all are at work again; 1 some were refused; 2 usage.
"""


class Command(ChosenCommand):
    help = (
        "Try jobs again that failed or were cancelled, of videos or a whole project, or by why they failed."
    )
    epilog = EPILOG
    done_words = "is at work again."
    would_words = "would be tried again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--failure", default="", metavar="CODE", help="Those that failed with this code.")

    def act(self, options: dict[str, Any]) -> None:
        require_choice(options, "project", "failure")
        statuses = [states.FAILED, states.CANCELLED] if options["failure"] else [states.FAILED]
        self.do_to_each(options, choose_jobs(options, statuses=statuses, code=options["failure"]), _retry)


def _retry(job: Job) -> dict[str, str]:
    retry_job(job=job)
    return {}
