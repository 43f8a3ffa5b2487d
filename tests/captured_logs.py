"""What the product would write to its log."""

from __future__ import annotations

import io
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr

from django.conf import settings

from gilfoyle.lib.logs import logging_settings


@contextmanager
def logging_as(form: str = "json", *, level: str = "info") -> Iterator[io.StringIO]:
    """Log as the product does, into the text that is given."""
    written = io.StringIO()
    try:
        with redirect_stderr(written):
            logging.config.dictConfig(logging_settings(level, form))
            yield written
    finally:
        logging.config.dictConfig(settings.LOGGING)
