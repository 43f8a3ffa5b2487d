from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from streaming.addresses import embed_path
from streaming.admission import admission
from streaming.tokens.claims import Scope
from tests.captured_logs import logging_as
from tests.streaming.conftest import forged
from videos.catalog.models import Video


def ask(video, token, *, origins=(), **query):
    url = settings.GILFOYLE.public_url + embed_path(token, video.project_id, video.pk, origins)
    return Client().get("/oembed", {"url": url, "format": "json", **query})


def test_it_tells_how_to_show_the_player(video, mint):
    token = mint(video)
    answer = ask(video, token)
    told = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert (told["version"], told["type"], told["title"]) == ("1.0", "video", video.title)
    assert (told["width"], told["height"]) == (640, 361)
    assert f"/embed/{token}/{video.project_id}/{video.pk}" in told["html"]
    assert (told["thumbnail_width"], told["thumbnail_height"]) == (426, 240)
    assert Client().get(urlsplit(told["thumbnail_url"]).path).status_code in {
        200,
        404,
    }  # raw delivery stands before
    assert told["thumbnail_url"].endswith(f"/{video.revision}/poster.jpg")
    assert 0 < told["cache_age"] <= 3600
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"


def test_it_fits_where_it_is_to_go(video, mint):
    told = ask(video, mint(video), maxwidth=300, maxheight=100).json()
    assert told["width"] <= 300
    assert told["height"] == 100


def test_nothing_is_told_that_the_token_does_not_open(video, mint):
    told = ask(video, mint(video, scope=Scope.PLAY)).json()
    assert "thumbnail_url" not in told
    sited = mint(video, origins=("https://a.example",))
    html = ask(video, sited, origins=("https://a.example", "https://evil.example")).json()["html"]
    assert "a.example" in html
    assert "evil" not in html


def test_what_is_being_prepared_has_its_page_and_no_title_yet(video, mint):
    token = mint(video)
    Video.objects.filter(pk=video.pk).update(status="processing", playable=False)
    admission.forget()
    told = ask(video, token).json()
    assert (told["title"], "thumbnail_url" in told) == ("", False)
    assert video.title not in str(told)
    assert f"/embed/{token}/" in told["html"]


def test_its_errors_are_those_of_the_specification(video, mint):
    token = mint(video)
    expired = mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60)
    assert ask(video, token, format="xml").status_code == 501
    assert ask(video, forged(token)).status_code == 401
    assert ask(video, expired).status_code == 401
    assert Client().get("/oembed").status_code == 404
    assert Client().get("/oembed", {"url": "https://evil.example/embed/x"}).status_code == 404
    Video.objects.filter(pk=video.pk).update(restriction="restricted")
    admission.forget()
    restricted = ask(video, token)
    assert (restricted.status_code, restricted.json()["code"]) == (401, "oembed_unauthorized")
    assert video.title not in restricted.content.decode()
    Video.objects.filter(pk=video.pk).update(restriction="none", playable=False)
    admission.forget()
    assert ask(video, token).status_code == 404
    assert Client().post("/oembed").status_code == 405


@pytest.mark.parametrize("value", ["0", "-1", "x", "", "1e3", "²", "9" * 400])
def test_a_size_that_is_none_is_refused(video, mint, value):
    answer = ask(video, mint(video), maxwidth=value)
    assert (answer.status_code, answer.json()["code"]) == (400, "oembed_size_invalid")


def test_no_token_is_logged(video, mint):
    token = mint(video)
    with logging_as("json") as written:
        assert ask(video, forged(token)).status_code == 401
    text = written.getvalue()
    assert "oembed_unauthorized" in text
    assert token.split(".")[1] not in text
