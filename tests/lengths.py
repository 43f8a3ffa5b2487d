"""Tests that take minutes when whole have a short form, which every run does; `make test-long` runs them whole."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
IS_LONG = os.environ.get("GILFOYLE_TEST_LONG") == "1"


def is_for_now(test: pytest.Item) -> bool:
    """Tell whether this run takes a test: not one that is tried whole or not at all, where tests are short."""
    return IS_LONG or not test.get_closest_marker("whole")


def length(short: T, whole: T) -> T:
    """Return what this run takes of the two."""
    return whole if IS_LONG else short


def mostly_whole(values: Iterable[Any], *kept: Any) -> list[Any]:
    """Return a test's parameters, of which every run takes those that are kept, and `make test-long` the others too."""
    return [one if one in kept else pytest.param(one, marks=pytest.mark.whole) for one in values]
