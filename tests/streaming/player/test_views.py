from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from streaming.admission import admission
from tests.streaming.clip import store_video
from tests.streaming.conftest import forged
from tests.streaming.player.test_context import directives


def embed(video, token, query=""):
    return Client().get(f"/embed/{token}/{video.project_id}/{video.pk}{query}")


def test_the_page_has_its_player_and_nothing_inline(video, mint):
    token = mint(video)
    answer = embed(video, token)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert f'data-hls="/play/{token}/{video.project_id}/{video.pk}/{video.revision}/master.m3u8"' in html
    assert "poster.jpg" in html
    assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", html)
    assert "<style" not in html
    assert not re.search(r"\s(?:style|on[a-z]+)=", html)
    # Everything from our own site.
    assert not re.search(r'(?:src|href)="(?:https?:)?//', html)


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
        assert (answer.status_code, words in answer.content.decode()) == (status, True)
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
    assert "not available" in answer.content.decode()
    assert video.title not in answer.content.decode()


def test_a_video_without_segments_has_no_player(video, mint):
    token = mint(video)
    video.playable = False
    video.save()
    admission.forget()
    answer = embed(video, token)
    assert (answer.status_code, "nothing to play" in answer.content.decode()) == (404, True)


def test_only_reading_is_allowed(video, mint):
    assert Client().post(f"/embed/{mint(video)}/{video.project_id}/{video.pk}").status_code == 405
    assert Client().get(f"/embed/{mint(video)}/{video.project_id}/{video.pk}/").status_code == 404
