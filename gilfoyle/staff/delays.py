"""How long one waits after tries in vain. Pure.

A wait grows and has an end, and so has its memory: nobody is locked out for good, and nobody guesses fast.
"""

from __future__ import annotations

import math

FREE_TRIES = 5
FIRST_WAIT_S = 30
LONGEST_WAIT_S = 15 * 60
FORGOTTEN_S = 24 * 3600
# Of all names together, from browsers that never signed in before: against one guess at each of many names.
TRIES_OF_ALL = 100
WINDOW_OF_ALL_S = 10 * 60


def wait_after_s(failures: int) -> int:
    """Return for how long a name waits after its last try in vain."""
    beyond = failures - FREE_TRIES
    if beyond < 0:
        return 0
    # More doublings than these are beyond the longest wait anyway.
    return min(FIRST_WAIT_S << min(beyond, 16), LONGEST_WAIT_S)


def left_s(failures: int, idle_s: float) -> int:
    """Return how much of the wait is left, `idle_s` after the last try; whole seconds, rounded up."""
    return max(0, math.ceil(wait_after_s(failures) - idle_s))


def left_of_all_s(failures: int, age_s: float) -> int:
    """Return how much of the window of all is left, `age_s` after it began; 0 where it still has room."""
    return max(1, math.ceil(WINDOW_OF_ALL_S - age_s)) if failures >= TRIES_OF_ALL else 0


def is_forgotten(idle_s: float) -> bool:
    """Tell whether tries were so long ago that they count no more."""
    return idle_s >= FORGOTTEN_S


def in_words(seconds: int) -> str:
    """Return a wait as one says it."""
    if seconds < 90:
        return f"{seconds} second{'' if seconds == 1 else 's'}"
    return f"{-(-seconds // 60)} minutes"
