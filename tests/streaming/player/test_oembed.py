from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.addresses import VideoAddress
from streaming.player.oembed import EmbedAddress, oembed_url, parse_embed_url
from tests.streaming.test_gate import PROJECT, VIDEO

PUBLIC = "https://video.example.org"
TOKEN = "t" * 60
GOOD = f"{PUBLIC}/embed/{TOKEN}/{PROJECT}/{VIDEO}"


def test_an_embed_address_is_taken_apart():
    address = VideoAddress(TOKEN, PROJECT, VIDEO)
    assert parse_embed_url(GOOD, PUBLIC) == EmbedAddress(address, ())
    assert parse_embed_url(GOOD.replace("https", "http"), PUBLIC) == EmbedAddress(address, ())
    assert parse_embed_url(f"{GOOD}?origin=https%3A%2F%2Fa.example&origin=b&x=1", PUBLIC) == EmbedAddress(
        address, ("https://a.example", "b")
    )


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        GOOD.replace("video.example.org", "evil.example"),
        GOOD.replace("video.example.org", "video.example.org:8443"),
        GOOD.replace("video.example.org", "video.example.org@evil.example"),
        GOOD.replace("https", "ftp"),
        GOOD + "/",
        GOOD + "/state.json",
        GOOD.replace("/embed/", "/play/"),
        GOOD.replace(TOKEN, "short"),
        "https://[bad/",
        GOOD + "?" + "&".join(f"origin={n}" for n in range(99)),
    ],
)
def test_any_other_address_is_none(url):
    assert parse_embed_url(url, PUBLIC) is None


@given(st.text(max_size=400))
def test_no_text_breaks_it(text):
    parse_embed_url(text, PUBLIC)
    parse_embed_url(PUBLIC + "/embed/" + text, PUBLIC)


def test_the_page_s_link_carries_its_address_whole():
    assert oembed_url(PUBLIC, "https://a/?b=c&d") == (
        f"{PUBLIC}/oembed?format=json&url=https%3A%2F%2Fa%2F%3Fb%3Dc%26d"
    )
