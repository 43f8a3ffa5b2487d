"""The page that makes a snippet: who may, what it plays, and what is kept of it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from structlog.testing import capture_logs

from gilfoyle.lib.admin import page_of
from streaming.tokens.claims import hash_origin, parse_token
from tests.factories import make_video
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db
SITE = "https://www.example.org"


def make_playable(**fields: Any) -> Video:
    return make_video(status="ready", duration_s=8.0, width=640, height=360, **fields)


def address_of(video: Video) -> str:
    return page_of("videos_video_embed", video.pk)


def snippet_in(html: str) -> str:
    found = re.search(r'<pre id="snippet" translate="no">(.*?)</pre>', html, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def test_a_snippet_plays_for_as_long_and_where_it_was_asked_for(admin_client: Client) -> None:
    video = make_playable(title='A "quoted" <title>')
    with capture_logs() as logs:
        response = admin_client.post(
            address_of(video), {"ttl_s": 3600, "origins": f"{SITE.upper()}/\n{SITE}"}
        )
    snippet = snippet_in(response.content.decode())
    assert snippet.startswith('<iframe src="http://')
    assert "<title>" not in snippet
    token = re.search(r"/embed/([^/]+)/", snippet)
    assert token is not None
    claims = parse_token(token[1]).claims
    assert claims.expires_at_s - claims.issued_at_s == 3600
    assert claims.origin_hashes == (hash_origin(SITE),)
    assert "no-store" in response["Cache-Control"]
    address = re.search(r'src="([^"]+)"', snippet)
    assert address is not None
    page = Client().get("/" + unescape(address[1]).split("/", 3)[3])
    assert page.status_code == 200
    assert f"frame-ancestors 'self' {SITE}" in page["Content-Security-Policy"]
    # Who, for what and until when is kept; what opens the video is not.
    entry = LogEntry.objects.get()
    assert SITE in entry.get_change_message()
    assert [one for one in logs if one["event"] == "snippet made"]
    assert token[1] not in entry.get_change_message() + str(logs)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"ttl_s": 10**9}, "Select a valid choice"),
        ({"origins": "https://a.example/path"}, "is no origin such as"),
        ({"origins": " ".join(f"https://a{n}.example" for n in range(9))}, "At most 8."),
    ],
)
def test_a_wrong_wish_makes_none(admin_client: Client, wrong: dict[str, Any], words: str) -> None:
    html = admin_client.post(
        address_of(make_playable()), {"ttl_s": 3600, "origins": "", **wrong}
    ).content.decode()
    assert words in html
    assert 'id="snippet"' not in html
    assert not LogEntry.objects.exists()


def test_lives_are_as_long_as_the_settings_allow(admin_client: Client) -> None:
    html = admin_client.get(address_of(make_playable())).content.decode()
    assert "12 hours" in html
    assert "1 week" not in html


@pytest.mark.parametrize("changed", [{"restriction": "held"}, {"playable": False, "status": "processing"}])
def test_what_can_not_be_played_is_not_embedded(admin_client: Client, changed: dict[str, Any]) -> None:
    video = make_playable()
    Video.objects.filter(pk=video.pk).update(**changed)
    response = admin_client.post(address_of(video), {"ttl_s": 3600, "origins": ""}, follow=True)
    assert response.redirect_chain[-1][0] == page_of("videos_video_change", video.pk)
    assert "can&#x27;t be played" in response.content.decode()


def test_who_may_only_look_hands_nothing_on(client: Client) -> None:
    user = User.objects.create_user("looker", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_video"))
    client.force_login(user)
    video = make_playable()
    assert client.post(address_of(video), {"ttl_s": 3600}).status_code == 403
    assert "Embed</a>" not in client.get(page_of("videos_video_change", video.pk)).content.decode()
