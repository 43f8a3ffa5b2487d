from __future__ import annotations

from typing import Any

from processing.jobs import states
from processing.jobs.models import Job
from processing.jobs.services import cancel_job
from processing.management.choosing import ChosenCommand, choose_jobs, require_choice

EPILOG = """
Examples:
  manage.py cancel vid_4b1DkR0v2Zq8mXw7Yp
  manage.py cancel --project Default --dry-run

A video that is processed for the first time is then failed with the code `cancelled`, and `retry` goes on with
it; one that plays goes on playing as it is. Workers stop within seconds. Exit codes: 0 all are stopped; 1 some
were refused; 2 usage.
"""


class Command(ChosenCommand):
    help = "Stop jobs that are at work, of videos or a whole project."
    epilog = EPILOG
    done_words = "is stopped."
    would_words = "would be stopped."

    def act(self, options: dict[str, Any]) -> None:
        require_choice(options, "project")
        self.do_to_each(options, choose_jobs(options, statuses=[states.ACTIVE]), _cancel)


def _cancel(job: Job) -> dict[str, str]:
    cancel_job(job=job)
    return {}
