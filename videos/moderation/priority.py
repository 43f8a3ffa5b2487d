"""Which case is looked at first: a score that can say of what it is made. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

OVERDUE_SOON = 0.25  # of the time to the first action
PUBLIC_DISCOUNT = 0.2  # of the severity, where no backend, rule, match or reviewer says it too


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What a score is made of. `accuracies`: how likely each person who reported it is right, 0 to 1."""

    severity: int
    plays: int = 0
    accuracies: tuple[float, ...] = ()
    has_match: bool = False
    left_s: float | None = None  # to the first action; None: there was one
    first_action_s: float = 1.0
    is_held: bool = False
    by_hand: int = 0
    is_public_only: bool = False  # nobody says it but viewers, by the public form


def score(facts: CaseFacts) -> dict[str, int]:
    """Return the parts of a case's score, by name; what counts nothing is left out."""
    is_due = facts.left_s is not None and facts.left_s < OVERDUE_SOON * facts.first_action_s
    parts = {
        "severity": facts.severity * 100,
        "public": -round(facts.severity * 100 * PUBLIC_DISCOUNT) if facts.is_public_only else 0,
        "reach": round(15 * math.log2(1 + max(0, facts.plays))),
        "reporters": round(300 * likely_true(facts.accuracies)),
        "match": 400 if facts.has_match else 0,
        "due": 200 if is_due else 0,
        "held": -150 if facts.is_held else 0,  # nobody can see it any more
        "by_hand": facts.by_hand,
    }
    return {name: part for name, part in parts.items() if part}


def total(parts: Mapping[str, int]) -> int:
    """Return the score itself."""
    return sum(parts.values())


def accuracy(upheld: int, rejected: int) -> float:
    """Return how likely somebody is right whose reports were upheld and rejected so often; a stranger: one half."""
    return (upheld + 1) / (upheld + rejected + 2)


def likely_true(accuracies: Iterable[float]) -> float:
    """Return how likely at least one of several people is right."""
    return 1 - math.prod(1 - one for one in accuracies)
