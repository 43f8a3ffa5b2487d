"""Loads a package without another one that it would take along, for nothing, wherever it is installed."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

_modules: dict[str, Any] = sys.modules  # None there: looked for and not to be found


def load_without(name: str, unwanted: str) -> None:
    """Load a package that does without `unwanted` where it can't find it; later that is found as ever."""
    if name in _modules or unwanted in _modules:
        return
    _modules[unwanted] = None
    try:
        import_module(name)
    finally:
        del _modules[unwanted]
