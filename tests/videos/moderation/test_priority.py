from hypothesis import given
from hypothesis import strategies as st

from videos.moderation.priority import CaseFacts, accuracy, likely_true, score, total


def test_a_score_says_of_what_it_is_made() -> None:
    facts = CaseFacts(
        severity=55, plays=1023, accuracies=(0.5, 0.5), has_match=True, left_s=100, first_action_s=1000
    )
    parts = score(facts)
    assert parts == {"severity": 5500, "reach": 150, "reporters": 225, "match": 400, "due": 200}
    assert total(parts) == 6475
    assert score(CaseFacts(severity=10)) == {"severity": 1000}


def test_what_nobody_can_watch_any_more_may_wait_a_little() -> None:
    assert score(CaseFacts(severity=10, is_held=True, by_hand=7)) == {
        "severity": 1000,
        "held": -150,
        "by_hand": 7,
    }


def test_who_was_always_right_counts_more_than_who_never_was() -> None:
    assert accuracy(0, 0) == 0.5
    assert accuracy(20, 0) > 0.9 > accuracy(1, 1) > 0.1 > accuracy(0, 20)
    assert likely_true([]) == 0


@given(st.integers(0, 100), st.integers(0, 10**9), st.lists(st.floats(0, 1), max_size=20), st.booleans())
def test_more_of_anything_never_lowers_a_score(
    severity: int, plays: int, accuracies: list[float], has_match: bool
) -> None:
    facts = CaseFacts(severity, plays, tuple(accuracies), has_match=has_match)
    more = CaseFacts(min(100, severity + 1), plays + 1, (*facts.accuracies, 0.5), has_match=True)
    assert total(score(more)) >= total(score(facts)) >= 0
    assert 0 <= likely_true(accuracies) <= 1
