"""How good a small gray picture is as a poster: something is to be seen, and neither too dark nor too bright. Pure."""

from __future__ import annotations

import math
from collections import Counter

SCORED_WIDTH, SCORED_HEIGHT = 64, 36
BINS = 32
GOOD_SCORE = 2.5  # of about 6; blank pictures and titles on black stay well below
DARK, BRIGHT = 24, 231  # beyond these brightnesses little is to be seen


def score_picture(gray: bytes) -> float:
    """Return a score from 0 (blank) on, of SCORED_WIDTH x SCORED_HEIGHT brightnesses."""
    if not gray:
        return 0.0
    hidden = sum(1 for one in gray if one < DARK or one > BRIGHT) / len(gray)
    return (_entropy(gray) + min(2.0, _contrast(gray) / 6)) * (1 - hidden)


def _entropy(gray: bytes) -> float:
    """Return how many bits it takes to tell a picture's brightnesses apart: 0 for one colour, 5 for all alike."""
    counts = Counter(one * BINS // 256 for one in gray)
    return -sum(count / len(gray) * math.log2(count / len(gray)) for count in counts.values())


def _contrast(gray: bytes) -> float:
    """Return by how much neighbours differ on average: little in blurred and faded pictures."""
    steps = [abs(gray[at] - gray[at - 1]) for at in range(1, len(gray)) if at % SCORED_WIDTH]
    return sum(steps) / max(1, len(steps))
