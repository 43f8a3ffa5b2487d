"""Answers in the shape in which the other systems give them, and ways to spoil one."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

ANSWERS = Path(__file__).parent / "answers"
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def recorded(name: str) -> Any:
    """Return a recorded answer."""
    return json.loads((ANSWERS / name).read_text(encoding="utf-8"))


def places(answer: Any, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return where something stands in an answer: the way to each value."""
    steps = (
        answer.items() if isinstance(answer, dict) else enumerate(answer) if isinstance(answer, list) else ()
    )
    return [place for step, inner in steps for place in [(*here, step), *places(inner, (*here, step))]]


def spoilt(answer: Any, place: tuple[str | int, ...], junk: Any) -> Any:
    """Return an answer with something else at one place."""
    whole = copy.deepcopy(answer)
    inner = whole
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = junk
    return whole
