import pytest
from pydantic import ValidationError

from gilfoyle.lib.playback_settings import PlaybackSettings


def test_tokens_live_between_an_hour_and_half_a_day() -> None:
    playback = PlaybackSettings()
    assert (playback.min_ttl_s, playback.max_ttl_s) == (3600, 12 * 3600)
    assert playback.delivery == "direct"


def test_the_shortest_life_is_not_longer_than_the_longest() -> None:
    with pytest.raises(ValidationError, match=r"playback\.min_ttl_s"):
        PlaybackSettings(min_ttl_s=600, max_ttl_s=300)
