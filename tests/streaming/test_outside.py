from __future__ import annotations

import pytest

from gilfoyle.lib.config import Config
from streaming.outside import find_playlist_validity, find_signer
from streaming.presigning import BucketSigner, CdnSigner, Validity

S3 = {"bucket": "films", "access_key_id": "AKID", "secret_access_key": "secret", "region": "eu-west-1"}
CDN = {"cdn_url": "https://cdn.example.com/", "cdn_secret": "x" * 32}


def config(playback: dict[str, object], **s3: str) -> Config:
    storage = {"backend": "s3", "s3": {**S3, **s3}}
    return Config.model_validate({"playback": playback, "storage": storage})


@pytest.mark.parametrize("delivery", ["direct", "x_accel"])
def test_nobody_is_sent_away_by_default(delivery):
    assert find_signer(config({"delivery": delivery, **CDN})) is None


@pytest.mark.parametrize("delivery", ["redirect", "presigned"])
@pytest.mark.parametrize(
    ("s3", "bucket_url"),
    [
        ({}, "https://films.s3.eu-west-1.amazonaws.com"),
        ({"bucket": "films.example"}, "https://s3.eu-west-1.amazonaws.com/films.example"),
        ({"endpoint_url": "http://inside:9000"}, "http://inside:9000/films"),
        (
            {"endpoint_url": "http://inside:9000", "public_endpoint_url": "https://s3.example.com/"},
            "https://s3.example.com/films",
        ),
    ],
)
def test_viewers_are_sent_to_the_bucket_by_the_address_that_they_can_reach(delivery, s3, bucket_url):
    assert find_signer(config({"delivery": delivery}, prefix="/media/", **s3)) == BucketSigner(
        bucket_url, "eu-west-1", "AKID", "secret", prefix="media"
    )


def test_viewers_are_sent_to_the_cdn_where_there_is_one():
    wanted = CdnSigner("https://cdn.example.com", "x" * 32)
    assert find_signer(config({"delivery": "redirect", **CDN})) == wanted
    files = Config.model_validate({"playback": {"delivery": "presigned", **CDN}})
    assert find_signer(files) == wanted


def test_only_presigned_playlists_name_addresses_and_as_long_as_their_token_lives():
    redirect, presigned = (
        config({"delivery": one, "address_window_s": 100}) for one in ("redirect", "presigned")
    )
    assert find_playlist_validity(redirect, expires_at_s=5000, now_s=1010) is None
    assert find_playlist_validity(presigned, expires_at_s=5010, now_s=1010) == Validity(1000, 5100)
    assert find_playlist_validity(presigned, expires_at_s=1020, now_s=1010) == Validity(1000, 1200)


def test_nobody_is_sent_away_while_objects_lie_in_two_stores():
    s3 = {"others": [{"name": "old", "path": "/old"}], "also_read": "old", "backend": "s3", "s3": S3}
    moving = Config.model_validate({"playback": {"delivery": "redirect"}, "storage": s3})
    assert find_signer(moving) is None


def test_the_bucket_is_that_of_renditions():
    other = {"name": "other", "backend": "s3", "s3": {**S3, "bucket": "renditions"}}
    storage = {"others": [other], "renditions": "other", "backend": "s3", "s3": S3}
    signer = find_signer(Config.model_validate({"playback": {"delivery": "redirect"}, "storage": storage}))
    assert isinstance(signer, BucketSigner)
    assert signer.bucket_url == "https://renditions.s3.eu-west-1.amazonaws.com"
