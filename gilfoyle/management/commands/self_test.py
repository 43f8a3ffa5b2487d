from __future__ import annotations

import logging
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from streaming.exposure.models import EXPOSED, INCONCLUSIVE
from streaming.exposure.selectors import HINT, WORDS
from streaming.exposure.services import run_self_test
from streaming.exposure.tries import PLAYED, REFUSED, STOLEN

EXIT_CODES = {EXPOSED: 1, INCONCLUSIVE: 2}


class Command(BaseCommand):
    help = (
        "Try to steal a private video of our own, in every way that there is. "
        "Exit code 1: it was stolen; 2: it could not be tried."
    )

    def handle(self, *_args: Any, **_options: Any) -> None:
        logging.disable(logging.CRITICAL)  # the report says it all, in a line each
        test = run_self_test(settings.GILFOYLE)
        for one in test.tries:
            style = {PLAYED: self.style.SUCCESS, REFUSED: self.style.SUCCESS, STOLEN: self.style.ERROR}
            word = style.get(one["result"], self.style.WARNING)(f"{one['result'].replace('_', ' '):<11}")
            self.stdout.write(f"{word}  {WORDS.get(one['name'], one['name'])}  {one['where']}".rstrip())
        if test.outcome == EXPOSED:
            self.stdout.write(self.style.ERROR("A private video can be stolen. Close that at once."))
        elif test.outcome == INCONCLUSIVE:
            self.stdout.write(self.style.WARNING(f"It could not be tried: this says nothing. {HINT}"))
        sys.exit(EXIT_CODES.get(test.outcome, 0))
