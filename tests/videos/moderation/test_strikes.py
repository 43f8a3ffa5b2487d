from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.strike_settings import StrikeSteps
from videos.moderation import strikes
from videos.moderation.reasons import REASONS
from videos.moderation.strikes import Counted

NOW = datetime(2026, 11, 1, tzinfo=UTC)
STEPS = StrikeSteps(review_first_at=2, limited_at=3, freeze_at=4)
counted = st.builds(
    Counted,
    st.sampled_from(["a", "b", "c"]),
    st.integers(1, 5),
    st.integers(-5, 5).map(lambda days: NOW + timedelta(days=days)),
)


def test_points_go_by_severity_unless_the_settings_say_otherwise() -> None:
    weights = {code: strikes.weight_of(reason, {}) for code, reason in REASONS.items()}
    assert (weights["csam"], weights["court_order"], weights["hate"], weights["tos_other"]) == (4, 2, 1, 0)
    assert strikes.weight_of(REASONS["hate"], {"hate": 0}) == 0
    assert strikes.weight_of(REASONS["hate"], {"spam": 9}) == 1


def test_two_decisions_of_one_video_are_one_fault() -> None:
    later = NOW + timedelta(days=1)
    assert strikes.points_of([Counted("a", 1, later), Counted("a", 2, later)], now=NOW) == 2
    assert strikes.points_of([Counted("a", 1, later), Counted("b", 2, later)], now=NOW) == 3
    assert strikes.points_of([Counted("a", 9, NOW)], now=NOW) == 0


def test_each_step_has_its_level() -> None:
    levels = [strikes.level_of(points, STEPS) for points in range(6)]
    assert levels == ["good", "good", "review_first", "limited", "frozen", "frozen"]
    assert strikes.level_of(10**6, StrikeSteps()) == "good"
    assert strikes.reviews_first("frozen")
    assert strikes.is_limited("frozen")
    assert strikes.reviews_first("review_first")
    assert not strikes.is_limited("review_first")
    assert not strikes.reviews_first("good")


@given(st.lists(counted), counted)
def test_another_strike_never_makes_it_better_and_time_never_worse(
    some: list[Counted], another: Counted
) -> None:
    before, after = strikes.points_of(some, now=NOW), strikes.points_of([*some, another], now=NOW)
    assert 0 <= before <= after <= before + another.weight
    assert strikes.points_of(some, now=NOW + timedelta(days=1)) <= before
    order = strikes.LEVELS.index
    assert order(strikes.level_of(before, STEPS)) <= order(strikes.level_of(after, STEPS))
    soonest = strikes.next_expiry(some, now=NOW)
    assert (soonest is None) == (before == 0)
    if soonest is not None:
        assert strikes.points_of(some, now=soonest - timedelta(microseconds=1)) == before
