from videos.moderation.strike_selectors import SHOWN
from videos.moderation.strike_serializers import STRIKES_EXAMPLE, StandingSerializer, StrikeSerializer


def test_the_example_has_each_field() -> None:
    assert list(STRIKES_EXAMPLE) == list(StandingSerializer().fields)
    assert list(STRIKES_EXAMPLE["strikes"][0]) == list(StrikeSerializer().fields)  # type: ignore[index]
    assert SHOWN == 100
