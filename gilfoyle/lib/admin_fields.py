"""Fields of a row's page that cost something to make."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Value = TypeVar("Value")


def made_once(method: Callable[[Any, Any], Value]) -> Callable[[Any, Any], Value]:
    """Let a field's method be called once for each row that was read: the theme's template asks for its value five times."""

    @wraps(method)
    def answer(page: Any, row: Any) -> Value:
        made: dict[str, Value] = row.__dict__.setdefault("_made_for_page", {})
        if method.__name__ not in made:
            made[method.__name__] = method(page, row)
        return made[method.__name__]

    return answer
