from __future__ import annotations

from streaming.headers import SAFETY_HEADERS, cors_headers, preflight_headers


def test_any_site_may_read_where_all_are_allowed():
    headers = dict(cors_headers("https://a.example", ["*"]))
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "Vary" not in headers


def test_listed_sites_are_named_and_others_are_not():
    allowed = ["https://a.example", "https://b.example"]
    listed = dict(cors_headers("https://b.example", allowed))
    assert listed["Access-Control-Allow-Origin"] == "https://b.example"
    assert listed["Vary"] == "Origin"
    for origin in ("https://c.example", "https://a.example.evil.example", "null", None):
        assert dict(cors_headers(origin, allowed)) == {"Vary": "Origin"}


def test_credentials_are_never_allowed():
    for headers in (
        cors_headers("https://a.example", ["*"]),
        preflight_headers("https://a.example", ["https://a.example"]),
    ):
        assert "Access-Control-Allow-Credentials" not in dict(headers)


def test_preflight_allows_what_players_send():
    headers = dict(preflight_headers("https://a.example", ["*"]))
    assert "Range" in headers["Access-Control-Allow-Headers"]
    assert headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


def test_addresses_do_not_leave_by_referrer():
    assert dict(SAFETY_HEADERS) == {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
