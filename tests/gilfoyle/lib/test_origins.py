from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.origins import normalize_origin


@pytest.mark.parametrize(
    ("given_text", "wanted"),
    [
        ("https://Example.ORG", "https://example.org"),
        ("https://example.org/", "https://example.org"),
        ("https://example.org:443", "https://example.org"),
        ("http://example.org:8080", "http://example.org:8080"),
        ("http://[::1]:3000", "http://[::1]:3000"),
        ("https://example.org/path", None),
        ("https://example.org?x", None),
        ("https://user@example.org", None),
        ("https://example.org:99999", None),
        ("https://exa mple.org", None),
        ("https://example.org;script-src *", None),
        ("null", None),
        ("*", None),
        ("ftp://example.org", None),
        ("//example.org", None),
        ("", None),
        ("https://", None),
    ],
)
def test_origins_have_one_spelling(given_text, wanted):
    assert normalize_origin(given_text) == wanted


@given(st.text(max_size=60))
def test_any_text_is_an_origin_or_none(text):
    origin = normalize_origin(text)
    assert origin is None or normalize_origin(origin) == origin
