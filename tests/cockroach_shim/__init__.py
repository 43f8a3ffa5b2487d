"""CockroachDB's backend for Django over PostgreSQL: its compiler, its schema editor and what it says it can't do, without it."""

from __future__ import annotations

import importlib
import os
import sys

from django.conf import settings
from django.db import connections


def use_shim_if_wished() -> None:
    """Let the tests meet it where GILFOYLE_TEST_COCKROACHDB is set, on the server of GILFOYLE_DATABASE_URL."""
    if os.environ.get("GILFOYLE_TEST_COCKROACHDB"):
        # Django asks for a module of this name, which says little of what it holds.
        sys.modules[f"{__name__}.base"] = importlib.import_module(f"{__name__}.backend")
        settings.DATABASES["default"]["ENGINE"] = __name__
        del connections["default"]  # one of the other kind may have been made
