import pytest
from pydantic import ValidationError

from gilfoyle.lib.config import Config
from gilfoyle.lib.playback_settings import PlaybackSettings


def test_tokens_live_between_an_hour_and_half_a_day() -> None:
    playback = PlaybackSettings()
    assert (playback.min_ttl_s, playback.max_ttl_s) == (3600, 12 * 3600)
    assert playback.max_session_s == 24 * 3600
    assert playback.delivery == "direct"


def test_the_shortest_life_is_not_longer_than_the_longest() -> None:
    with pytest.raises(ValidationError, match=r"playback\.min_ttl_s"):
        PlaybackSettings(min_ttl_s=600, max_ttl_s=300)


@pytest.mark.parametrize("delivery", ["redirect", "presigned"])
@pytest.mark.parametrize(
    ("playback", "storage", "key"),
    [
        ({}, {}, r"playback\.cdn_url"),
        ({"cdn_url": "https://cdn.example.com"}, {}, r"playback\.cdn_secret"),
        ({"cdn_url": "https://cdn.example.com", "cdn_secret": "x" * 31}, {}, r"playback\.cdn_secret"),
        ({}, {"backend": "s3", "s3": {"bucket": "films"}}, r"storage\.s3\.access_key_id"),
    ],
)
def test_nobody_can_be_sent_away_without_an_address_and_a_secret(delivery, playback, storage, key):
    wanted = {"playback": {"delivery": delivery, **playback}, "storage": storage}
    with pytest.raises(ValidationError, match=key):
        Config.model_validate(wanted)
    Config.model_validate({**wanted, "playback": {**wanted["playback"], "delivery": "direct"}})


def test_the_secret_of_the_cdn_is_shown_nowhere():
    config = Config.model_validate(
        {"playback": {"cdn_url": "https://cdn.example.com", "cdn_secret": "x" * 32}}
    )
    assert "x" * 32 not in repr(config)
    assert "x" * 32 not in config.model_dump_json()
