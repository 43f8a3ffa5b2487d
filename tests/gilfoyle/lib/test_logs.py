import json
import logging
from typing import Any

import pytest
import structlog
from django.http import HttpResponse
from django.test import Client, RequestFactory

from gilfoyle.lib.logs import RequestIdMiddleware, scrub
from tests.captured_logs import logging_as
from videos.access.keys import mint_key

TOKEN = "k3Yab1.AQIDBAUGBwgJCgsMDQ4PEA.c2lnbmF0dXJl-_"
KEY = mint_key().text


def test_scrub_leaves_the_key_id_of_a_token_and_the_prefix_of_a_key() -> None:
    assert (
        scrub(f"GET /play/{TOKEN}/p/v/r/v720/00001.m4s?x=1") == "GET /play/k3Yab1~/p/v/r/v720/00001.m4s?x=1"
    )
    assert scrub(f'"/embed/{TOKEN}" 200') == '"/embed/k3Yab1~" 200'
    assert scrub(f"POST /report/{TOKEN}/p/v?t=1") == "POST /report/k3Yab1~/p/v?t=1"
    assert scrub(f"GET //play//{TOKEN}/p") == "GET //play/k3Yab1~/p"
    assert scrub(f"/oembed?url=https%3A%2F%2Fa.example%2Fembed%2F{TOKEN}%2Fp") == (
        "/oembed?url=https%3A%2F%2Fa.example%2Fembed%2Fk3Yab1~%2Fp"
    )
    assert TOKEN[7:] not in scrub(
        f"?url=a%252fembed%252f{TOKEN}%252Fp and /play/{TOKEN.replace('.', '%2E')}/p"
    )
    assert scrub("GET /admin/login/let-in/WyJh.Im-_:1vN:c2ln/ 302") == "GET /admin/login/let-in/~/ 302"
    assert scrub("next=%2Fadmin%2Flogin%2Flet-in%2FWyJh:c2ln%2F") == ("next=%2Fadmin%2Flogin%2Flet-in%2F~%2F")
    assert scrub(f"key {KEY}.") == f"key {KEY[:12]}_~."
    grant = "upg_3kTmvU1qQx0aZpLr7e"
    assert scrub(f"PATCH /api/v1/uploads/tus/{grant}.c2lnbmF0dXJl-_/upl_1") == (
        f"PATCH /api/v1/uploads/tus/{grant}~/upl_1"
    )
    assert scrub("nothing secret") == "nothing secret"


@pytest.mark.parametrize("form", ["console", "json"])
def test_no_secret_is_logged_however_deep_it_stands(form: str) -> None:
    with logging_as(form) as written:
        log = structlog.get_logger("tests")
        deep = {"headers": [{"authorization": f"Bearer {KEY}"}]}
        log.info("seen", text=f"/play/{TOKEN}/x", deep=deep, parts=(KEY, 1))
        logging.getLogger("django.request").error("failed at %s with %s", f"/embed/{TOKEN}", {"key": KEY})
        try:
            raise ValueError(KEY)  # noqa: TRY301 - it is to be in the traceback
        except ValueError:
            log.exception("broke")
    text = written.getvalue()
    assert text.count("k3Yab1~") == 2
    assert TOKEN[7:] not in text
    assert KEY[13:] not in text
    assert KEY[:12] in text
    assert "ValueError" in text


def test_json_lines_are_json() -> None:
    with logging_as("json") as written:
        structlog.get_logger("tests").info("seen", number=1)
        logging.getLogger("other").warning("plain %s", "words")
    first, second = (json.loads(line) for line in written.getvalue().splitlines())
    assert (first["event"], first["number"], first["level"], first["logger"]) == ("seen", 1, "info", "tests")
    assert (second["event"], second["level"]) == ("plain words", "warning")


def test_the_level_holds() -> None:
    with logging_as("console", level="error") as written:
        structlog.get_logger("tests").info("quiet")
        structlog.get_logger("tests").error("loud")
    assert "quiet" not in written.getvalue()
    assert "loud" in written.getvalue()


def test_a_request_id_stands_in_the_answer_and_in_the_log() -> None:
    def view(request: Any) -> HttpResponse:
        structlog.get_logger("tests").info("inside")
        return HttpResponse(request.request_id)

    with logging_as("json") as written:
        middleware = RequestIdMiddleware(view)
        first, second = (middleware(RequestFactory().get("/")) for _ in range(2))
        structlog.get_logger("tests").info("outside")
    assert first["X-Request-Id"] == first.content.decode()
    assert len(first["X-Request-Id"]) == 16
    assert first["X-Request-Id"] != second["X-Request-Id"]
    inside, other, outside = (json.loads(line) for line in written.getvalue().splitlines())
    assert inside["request_id"] == first["X-Request-Id"]
    assert other["request_id"] == second["X-Request-Id"]
    assert "request_id" not in outside


def test_an_unknown_host_is_refused_without_a_line() -> None:
    with logging_as("console") as written:
        assert (
            Client(raise_request_exception=False)
            .get("/api/v1/account", headers={"host": "x.example"})
            .status_code
            == 400
        )
        logging.getLogger("django.security.csrf").error("others are told")
    assert "x.example" not in written.getvalue()
    assert "Traceback" not in written.getvalue()
    assert "others are told" in written.getvalue()


@pytest.mark.parametrize(
    ("named", "told"),
    [("vid_rYGHAyTfOjJwyYDYL6", "vid_rYGHAyTfOjJwyYDYL6"), ("203.0.113.7", None), ("a" * 5000, None)],
)
def test_a_line_about_a_video_has_its_id_if_it_is_one(named: str, told: str | None) -> None:
    def view(_request: Any) -> HttpResponse:
        middleware.process_view(_request, None, (), {"video_id": named})
        structlog.get_logger("tests").info("seen")
        return HttpResponse()

    middleware = RequestIdMiddleware(view)
    with logging_as() as written:
        middleware(RequestFactory().get("/"))
        structlog.get_logger("tests").info("after")
    seen, after = (json.loads(line) for line in written.getvalue().splitlines())
    assert seen.get("video_id") == told
    assert "video_id" not in after
    assert "request_id" not in after
