from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from pydantic import SecretStr

from streaming.admission import admission
from streaming.player import known
from tests.streaming.clip import store_video
from tests.streaming.conftest import forged
from tests.streaming.player.test_context import directives
from videos.catalog.models import Video


def shown(answer) -> str:
    """Return the title of the notice that a page shows, "" where it shows none; it carries all."""
    found = re.findall(
        r'<section class="notice[^"]*" data-notice="[a-z]+">.*?<h2[^>]*>([^<]*)</h2>',
        answer.content.decode(),
        re.DOTALL,
    )
    assert len(found) <= 1
    return found[0] if found else ""


def embed(video, token, query=""):
    return Client().get(f"/embed/{token}/{video.project_id}/{video.pk}{query}")


def test_the_page_has_its_player_and_nothing_inline(video, mint):
    token = mint(video)
    answer = embed(video, token)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert f'data-revision="{video.revision}"' in html
    assert shown(answer) == ""
    assert "poster.jpg" in html
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", html)
    assert "<style" not in html
    assert not re.search(r"\s(?:style|on[a-z]+)=", html)
    # Everything from our own site; the one absolute address is nothing that a page loads.
    loaded = re.sub(r'<link rel="alternate"[^>]*>', "", html)
    assert not re.search(r'(?:src|href)="(?:https?:)?//', loaded)


def test_headers_keep_the_page_harmless_and_its_address_secret(video, mint):
    answer = embed(video, mint(video))
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "X-Frame-Options" not in answer
    assert "camera=()" in answer["Permissions-Policy"]
    assert directives(answer["Content-Security-Policy"])["frame-ancestors"] == "*"
    assert not answer.cookies


def test_a_token_for_a_site_is_framed_by_that_site_alone(video, mint):
    token = mint(video, origins=("https://a.example",))
    framed = embed(video, token, "?origin=https%3A%2F%2Fa.example&origin=https%3A%2F%2Fevil.example")
    assert directives(framed["Content-Security-Policy"])["frame-ancestors"] == "'self' https://a.example"
    silent = embed(video, token)
    assert directives(silent["Content-Security-Policy"])["frame-ancestors"] == "'self'"


def test_a_hostile_origin_cannot_change_the_policy(video, mint):
    answer = embed(video, mint(video, origins=("https://a.example",)), "?origin=*%3B%20script-src%20*")
    assert directives(answer["Content-Security-Policy"])["script-src"] == "'self'"


@pytest.mark.parametrize(
    "title", ['"><script>alert(1)</script>', "{{ 7 }} ' onload=x", "</title><img src=x onerror=y>"]
)
def test_titles_are_escaped(db, mint, title):
    video = store_video(title=title)
    html = embed(video, mint(video)).content.decode()
    assert title not in html
    assert "<script>alert" not in html
    assert "<img src=x" not in html


def test_a_growing_video_says_so(db, mint):
    growing = store_video(segments=2, is_complete=False)
    assert not re.search(r'id="growing"[^>]*hidden', embed(growing, mint(growing)).content.decode())
    whole = store_video()
    assert re.search(r'id="growing"[^>]*hidden', embed(whole, mint(whole)).content.decode())


def test_refusals_are_in_words(video, mint):
    expired = mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60)
    for token, status, words in (
        ("x" * 54, 401, "This link does not work"),
        (forged(mint(video)), 401, "This link does not work"),
        (expired, 401, "This link has expired"),
    ):
        answer = embed(video, token)
        assert (answer.status_code, shown(answer)) == (status, words)
        assert answer["Cache-Control"] == "no-store"
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert video.title not in answer.content.decode()


def test_a_restricted_video_shows_neither_title_nor_player(video, mint):
    token = mint(video)
    video.restriction = "restricted"
    video.save()
    admission.forget()
    answer = embed(video, token)
    assert answer.status_code == 403
    assert shown(answer) == "This video is not available"
    assert video.title not in answer.content.decode()


def test_a_video_without_segments_has_no_player(video, mint):
    token = mint(video)
    video.playable = False
    video.save()
    admission.forget()
    answer = embed(video, token)
    assert (answer.status_code, shown(answer)) == (404, "There is nothing to play")


def state(video, token):
    return Client().get(f"/embed/{token}/{video.project_id}/{video.pk}/state.json")


def test_the_page_waits_for_what_is_being_prepared_and_is_told_when_it_plays(video, mint):
    token = mint(video)
    Video.objects.filter(pk=video.pk).update(status="processing", playable=False, progress=42)
    admission.forget()
    page, told = embed(video, token), state(video, token)
    assert (page.status_code, shown(page)) == (200, "Still being prepared")
    assert 'data-progress="42"' in page.content.decode()
    assert video.title not in page.content.decode()
    assert told.json() == {"state": "processing", "progress": 42}
    assert told["Cache-Control"] == "no-store"
    Video.objects.filter(pk=video.pk).update(playable=True, progress=60)
    admission.forget()
    known.forget()
    told = state(video, token).json()
    assert (told["state"], told["is_growing"], told["progress"]) == ("playable", True, 60)
    assert (told["title"], told["revision"]) == (video.title, video.revision)
    assert told["poster_url"].startswith(f"/play/{token}/")


def test_what_could_not_be_prepared_says_so_and_not_why(video, mint):
    token = mint(video)
    Video.objects.filter(pk=video.pk).update(status="failed", playable=False, failure_message="secret words")
    admission.forget()
    page = embed(video, token)
    assert (page.status_code, shown(page)) == (404, "This video could not be prepared")
    assert "secret words" not in page.content.decode()
    assert state(video, token).json() == {"state": "failed", "progress": 0}


def test_the_state_is_nobody_s_who_has_no_token(video, mint):
    token = mint(video)
    expired = mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60)
    Video.objects.filter(pk=video.pk).update(status="processing", playable=False, progress=42)
    admission.forget()
    for one, code in (
        (forged(token), "token_invalid"),
        ("x" * 54, "token_invalid"),
        (expired, "token_expired"),
    ):
        answer = state(video, one)
        assert (answer.status_code, answer.json()["code"]) == (401, code)
        assert "42" not in str(answer.json())
    other = store_video(title="Another")
    assert state(other, token).status_code == 401


def test_a_restriction_is_told_and_nothing_of_the_video(video, mint):
    token = mint(video)
    Video.objects.filter(pk=video.pk).update(restriction="restricted")
    admission.forget()
    answer = state(video, token)
    assert (answer.status_code, answer.json()["code"]) == (403, "video_restricted")
    assert video.title not in answer.content.decode()


def test_a_page_that_waits_or_has_expired_still_knows_the_sites_of_its_token(video, mint):
    origins, query = (
        ("https://a.example",),
        "?origin=https%3A%2F%2Fa.example&origin=https%3A%2F%2Fevil.example",
    )
    expired = mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60, origins=origins)
    page = embed(video, expired, query)
    assert shown(page) == "This link has expired"
    assert directives(page["Content-Security-Policy"])["frame-ancestors"] == "'self' https://a.example"
    assert 'data-origins="https://a.example"' in page.content.decode()


def test_the_page_names_its_oembed_answer(video, mint):
    token = mint(video, origins=("https://a.example",))
    html = embed(video, token, "?origin=https%3A%2F%2Fa.example").content.decode()
    found = re.search(r'<link rel="alternate" type="application/json\+oembed" href="([^"]+)">', html)
    assert found
    path = unescape(found[1]).removeprefix(settings.GILFOYLE.public_url)
    answer = Client().get(path)
    assert answer.status_code == 200
    assert "origin=https%3A%2F%2Fa.example" in answer.json()["html"]


def test_only_reading_is_allowed(video, mint):
    assert Client().post(f"/embed/{mint(video)}/{video.project_id}/{video.pk}").status_code == 405
    assert Client().get(f"/embed/{mint(video)}/{video.project_id}/{video.pk}/").status_code == 404


def test_the_page_may_fetch_media_where_viewers_are_sent_to(client, video, mint, settings):
    config = settings.GILFOYLE
    cdn = {
        "delivery": "redirect",
        "cdn_url": "https://cdn.example.com/films",
        "cdn_secret": SecretStr("x" * 32),
    }
    playback = config.playback.model_copy(update=cdn)
    settings.GILFOYLE = config.model_copy(update={"playback": playback})
    answer = client.get(f"/embed/{mint(video)}/{video.project_id}/{video.pk}")
    policy = directives(answer["Content-Security-Policy"])
    for fetched in ("img-src", "media-src", "connect-src"):
        assert "https://cdn.example.com" in policy[fetched].split()
    assert policy["script-src"] == "'self'"
