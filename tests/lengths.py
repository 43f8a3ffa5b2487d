"""Tests that take minutes when whole have a short form, which every run does; `make test-long` runs them whole."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")
IS_LONG = os.environ.get("GILFOYLE_TEST_LONG") == "1"


def length(short: T, whole: T) -> T:
    """Return what this run takes of the two."""
    return whole if IS_LONG else short
