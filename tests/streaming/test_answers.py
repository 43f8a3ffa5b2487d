from __future__ import annotations

import json

from django.http import HttpResponse
from django.test import RequestFactory

from streaming.addresses import VideoAddress
from streaming.answers import log_problem, playback_answer, problem_of, site_of, token_label
from streaming.errors import PlaybackUnavailable, TokenExpired, TokenInvalid
from streaming.gate import Site

ADDRESS = VideoAddress("x" * 54, "p" * 12, "vid_" + "a" * 18)


def test_a_fault_says_nothing_outside():
    status, body = problem_of(PlaybackUnavailable("db.internal is down", error="OperationalError"))
    assert status == 503
    assert json.loads(body)["code"] == "playback_unavailable"
    assert b"internal" not in body
    assert b"OperationalError" not in body


def test_a_refusal_is_in_words_with_a_code():
    status, body = problem_of(TokenExpired())
    assert (status, json.loads(body)["code"]) == (401, "token_expired")
    assert json.loads(body)["hint"]
    assert "reason" not in json.loads(body)


def test_reasons_go_into_the_log(caplog):
    caplog.set_level("INFO")
    log_problem(TokenInvalid("signature"), ADDRESS)
    log_problem(PlaybackUnavailable("x", error="OperationalError"), ADDRESS)
    assert "signature" in caplog.text
    assert "OperationalError" in caplog.text
    assert [record.levelname for record in caplog.records] == ["INFO", "ERROR"]
    assert ADDRESS.token not in caplog.text


def test_a_broken_token_has_no_label():
    assert token_label("x" * 54) == "~"


def test_our_own_pages_are_not_foreign(settings):
    own = settings.GILFOYLE.public_url
    assert site_of(RequestFactory().get("/", headers={"Origin": own})) == Site(own, is_foreign=False)
    assert site_of(RequestFactory().get("/", headers={"Origin": "https://a.example"})).is_foreign


def test_the_shell_answers_methods_itself():
    def never():
        raise AssertionError

    options = playback_answer(RequestFactory().options("/"), ADDRESS, never)
    posted = playback_answer(RequestFactory().post("/"), ADDRESS, never)
    assert (options.status_code, posted.status_code, posted["Allow"]) == (204, 405, "GET, HEAD, OPTIONS")


def test_an_address_may_take_other_methods():
    def make():
        return HttpResponse("made")

    answers = [
        playback_answer(getattr(RequestFactory(), method)("/"), ADDRESS, make, methods="POST, OPTIONS")
        for method in ("post", "get", "options")
    ]
    assert [one.status_code for one in answers] == [200, 405, 204]
    assert answers[1]["Allow"] == answers[2]["Access-Control-Allow-Methods"] == "POST, OPTIONS"
    assert json.loads(answers[1].content)["title"] == "This address takes POST, OPTIONS."
