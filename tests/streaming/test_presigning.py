from __future__ import annotations

import datetime as dt
from urllib.parse import parse_qsl, urlsplit

import boto3
import botocore.auth
import pytest
from botocore.config import Config as BotoConfig
from hypothesis import given
from hypothesis import strategies as st

from streaming.presigning import LONGEST_S, BucketSigner, CdnSigner, Validity, plan_validity

NOW_S = 1_790_000_123
NAME = "renditions/proj12345678/vid_0123456789abcdefgh/0123456789abcdef/v240/00001.m4s"


@given(now_s=st.floats(1e9, 2e9), window_s=st.integers(30, 86_400), life_s=st.integers(0, 2_000_000))
def test_all_of_a_window_share_a_validity_that_is_long_enough(now_s, window_s, life_s):
    validity = plan_validity(now_s, window_s)
    assert validity.since_s <= now_s
    assert window_s <= validity.until_s - now_s <= 2 * window_s + 1
    assert plan_validity(validity.since_s + window_s - 1, window_s) == validity
    assert plan_validity(validity.since_s + window_s, window_s) != validity
    longer = plan_validity(now_s, window_s, least_until_s=now_s + life_s)
    assert longer.since_s == validity.since_s
    assert longer.until_s >= min(int(now_s + life_s), validity.since_s + LONGEST_S)
    assert longer.until_s - longer.since_s <= LONGEST_S
    assert longer.until_s < max(now_s + life_s, now_s + window_s) + window_s + 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("bucket_url", "endpoint_url", "style"),
    [
        ("https://s3.example.com:9000/films", "https://s3.example.com:9000", "path"),
        ("https://films.s3.eu-central-1.amazonaws.com", None, "virtual"),
    ],
)
def test_a_bucket_gets_the_address_that_boto_would_sign(monkeypatch, method, bucket_url, endpoint_url, style):
    validity = plan_validity(NOW_S, 300)
    then = dt.datetime.fromtimestamp(validity.since_s, dt.UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: then)
    client = boto3.client(
        "s3",
        aws_access_key_id="AKID/+=",
        aws_secret_access_key="secret/+=",
        region_name="eu-central-1",
        endpoint_url=endpoint_url,
        config=BotoConfig(signature_version="s3v4", s3={"addressing_style": style}),
    )
    wanted = client.generate_presigned_url(
        {"GET": "get_object", "HEAD": "head_object"}[method],
        Params={"Bucket": "films", "Key": f"media/{NAME}", "ResponseContentType": "video/mp4"},
        ExpiresIn=validity.until_s - validity.since_s,
    )
    signer = BucketSigner(bucket_url, "eu-central-1", "AKID/+=", "secret/+=", prefix="media")
    address = signer.sign(NAME, validity, content_type="video/mp4", method=method)
    ours, theirs = urlsplit(address), urlsplit(wanted)
    assert ours[:3] == theirs[:3]
    assert dict(parse_qsl(ours.query)) == dict(parse_qsl(theirs.query))
    assert address.startswith(signer.origin + "/")


def test_an_address_tells_nothing_of_the_secret_and_changes_with_the_window():
    signer = BucketSigner("https://s3.example.com/films", "us-east-1", "AKID", "the secret")
    first, same, next_one = (
        signer.sign(NAME, plan_validity(now_s, 300), content_type="video/mp4")
        for now_s in (NOW_S, NOW_S + 1, NOW_S + 300)
    )
    assert first == same != next_one
    assert "the secret" not in first
    assert "the%20secret" not in first


def test_a_cdn_gets_what_secure_link_checks():
    address = CdnSigner("https://cdn.example.com/films", "s").sign(
        "a/b/00001.m4s", Validity(0, 1_790_000_400), content_type="video/mp4"
    )
    # printf '1790000400/a/b/00001.m4s s' | openssl md5 -binary | base64 | tr +/ -_ | tr -d =
    assert address == "https://cdn.example.com/films/1790000400/a1b8YGxhv6HdFmGOU_nvkA/a/b/00001.m4s"
    assert CdnSigner("https://cdn.example.com:8443/films", "s").origin == "https://cdn.example.com:8443"
