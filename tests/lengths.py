"""Tests that take minutes when whole have a short form, which every run does; `make test-long` runs them whole."""

from __future__ import annotations

import os
from typing import TypeVar

import pytest

T = TypeVar("T")
IS_LONG = os.environ.get("GILFOYLE_TEST_LONG") == "1"


def is_for_now(test: pytest.Item) -> bool:
    """Tell whether this run takes a test: not one that is tried whole or not at all, where tests are short."""
    return IS_LONG or not test.get_closest_marker("whole")


def length(short: T, whole: T) -> T:
    """Return what this run takes of the two."""
    return whole if IS_LONG else short
