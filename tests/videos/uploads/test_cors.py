from __future__ import annotations

import pytest

from videos.uploads.cors import answer_headers, is_allowed, preflight_headers, require_allowed
from videos.uploads.errors import OriginNotAllowed

SITE, OWN = "https://www.example.org", "https://video.example.org"


@pytest.mark.parametrize(
    ("origin", "allowed", "expected"),
    [
        (SITE, [SITE], True),
        (OWN, [], True),
        ("https://evil.example", [SITE], False),
        ("https://evil.example", ["*"], True),
        ("null", [SITE], False),
        ("null", ["*"], True),
        ("http://www.example.org", [SITE], False),
        ("https://www.example.org:8443", [SITE], False),
        ("https://www.example.org.evil.example", [SITE], False),
        ("https://WWW.example.org", [SITE], True),
        ("", [SITE], False),
    ],
)
def test_exactly_the_named_origins_may(origin: str, allowed: list[str], expected: bool) -> None:
    assert is_allowed(origin, allowed, OWN) is expected
    assert ("Access-Control-Allow-Origin" in answer_headers(origin, allowed, OWN)) is expected
    assert ("Access-Control-Allow-Methods" in preflight_headers(origin, allowed, OWN)) is expected
    if not expected:
        with pytest.raises(OriginNotAllowed):
            require_allowed(origin, allowed, OWN)


def test_what_is_no_page_of_a_browser_sends_no_origin() -> None:
    require_allowed(None, [], OWN)
    assert answer_headers(None, [SITE], OWN) == {"Vary": "Origin"}


def test_an_address_of_this_server_that_is_none_allows_nothing() -> None:
    assert not is_allowed("", [], None)


def test_the_headers_of_the_protocol_may_be_sent_and_read() -> None:
    told = preflight_headers(SITE, [SITE], OWN)
    assert told["Access-Control-Allow-Origin"] == SITE
    assert {"PATCH", "HEAD", "POST", "DELETE", "PUT"} <= set(told["Access-Control-Allow-Methods"].split(", "))
    assert {"Upload-Offset", "Tus-Resumable", "Content-Range"} <= set(
        told["Access-Control-Allow-Headers"].split(", ")
    )
    assert {"Location", "Upload-Offset", "Upload-Length", "Range"} <= set(
        told["Access-Control-Expose-Headers"].split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in told
