from __future__ import annotations

import json
import re
import time
from datetime import timedelta
from typing import Any, NoReturn
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import httpx
import pytest
from django.conf import settings as django_settings
from django.db import OperationalError
from django.utils import timezone
from pydantic import SecretStr

from gilfoyle.lib import storage
from gilfoyle.lib.config import Config
from streaming.admission import Admission, Sources, admission, sends
from streaming.delivery.raw import RawDelivery
from streaming.outside import find_signer
from streaming.presigning import plan_validity
from streaming.tokens.claims import Scope, parse_token, session_label
from tests.bucket import own_bucket
from tests.streaming.clip import image_folder, make_clip, store_image, store_video
from tests.streaming.conftest import folder_of, forged
from videos import layout

pytestmark = pytest.mark.once


def other(_environ: Any, start_response: Any) -> list[bytes]:
    start_response("418 I'm a teapot", [("Content-Type", "text/plain")])
    return [b"elsewhere"]


class Answer:
    def __init__(self, status: str, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status, self.body = int(status[:3]), body
        self.headers = dict(headers)
        assert len(self.headers) == len(headers), "a header stands twice"


def call(
    path: str, method: str = "GET", *, config: Any = None, gate: Admission = admission, **headers: str
) -> Answer:
    config = config or django_settings.GILFOYLE
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
    }
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    setup_testing_defaults(environ)
    started: list[Any] = []

    def start_response(status: str, given: list[tuple[str, str]], exc_info: Any = None) -> Any:
        started.append((status, given))
        return lambda _data: None

    # The validator of the standard library fails on any breach of the WSGI rules.
    application = validator(RawDelivery(other, admission=gate, sends=sends, config=config))
    result = application(environ, start_response)
    try:
        body = b"".join(result)
    finally:
        result.close()  # type: ignore[attr-defined]  # the validator's iterator has it
    status, given = started[0]
    return Answer(status, given, body)


def config_with(**playback: Any) -> Any:
    config = django_settings.GILFOYLE
    return config.model_copy(update={"playback": config.playback.model_copy(update=playback)})


@pytest.mark.parametrize(
    ("file", "content_type"),
    [
        ("v240/init.mp4", "video/mp4"),
        ("v240/00001.m4s", "video/mp4"),
        ("a0/init.mp4", "audio/mp4"),
        ("a0/00001.m4s", "audio/mp4"),
    ],
)
def test_stored_files_are_sent_whole(video, mint, file, content_type):
    answer = call(folder_of(video, mint(video, ttl_s=7200)) + file)
    clip = make_clip()
    rendition, _, name = file.rpartition("/")
    wanted = clip.tracks[rendition].init
    if name == "00001.m4s":
        wanted = clip.tracks[rendition].segments[1]
    assert (answer.status, answer.body) == (200, wanted)
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Content-Length"] == str(len(wanted))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Cache-Control"] == "private, max-age=3600"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("file", "content_type", "kept_s"),
    [
        ("poster.jpg", "image/jpeg", 60),  # another may be chosen, and is to be seen soon
        ("poster.webp", "image/webp", 60),
        ("poster.avif", "image/avif", 60),
        ("storyboard-000.jpg", "image/jpeg", 3600),
        ("preview.webp", "image/webp", 3600),
    ],
)
def test_pictures_are_sent_whole(video, mint, file, content_type, kept_s):
    video.image_sets.all().delete()
    kind = re.split(r"[-.]", file)[0]
    store_image(video, kind, file, b"a picture")
    folder = folder_of(video, mint(video, ttl_s=7200))
    answer = call(folder + file)
    assert (answer.status, answer.body) == (200, b"a picture")
    assert answer.headers["Content-Type"] == content_type
    assert answer.headers["Cache-Control"] == f"private, max-age={kept_s}"
    again = call(folder + file, if_none_match=answer.headers["ETag"])
    assert (again.status, again.body) == (304, b"")


def test_a_picture_in_a_format_that_was_not_made_is_not_found(video, mint):
    assert problem(call(folder_of(video, mint(video)) + "poster.avif")) == (404, "media_not_found")
    assert problem(call(folder_of(video, mint(video)) + "preview.webp")) == (404, "media_not_found")


def test_the_newest_version_of_a_poster_is_sent(video, mint):
    folder = folder_of(video, mint(video))
    before = call(folder + "poster.jpg")
    newer = layout.image_folder(video.project_id, video.pk, video.revision, "poster", 2)
    storage.save_bytes(f"{newer}/poster.jpg", b"another")
    video.image_sets.update(version=2)
    admission.forget()
    after = call(folder + "poster.jpg", if_none_match=before.headers["ETag"])
    assert (after.status, after.body) == (200, b"another")


def test_head_is_get_without_the_bytes(video, mint, monkeypatch):
    now_s = time.time()
    monkeypatch.setattr(time, "time", lambda: now_s)  # how long to keep it counts down by the second
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    whole, head = call(path), call(path, "HEAD")
    assert (head.status, head.body, head.headers) == (200, b"", whole.headers)
    assert call(path, "HEAD", range="bytes=0-1").status == 200


@pytest.mark.parametrize(
    ("header", "cut"),
    [("bytes=0-99", slice(0, 100)), ("bytes=100-", slice(100, None)), ("bytes=-7", slice(-7, None))],
)
def test_ranges_are_cut_right(video, mint, header, cut):
    data = make_clip().tracks["v240"].segments[0]
    answer = call(folder_of(video, mint(video)) + "v240/00000.m4s", range=header)
    assert (answer.status, answer.body) == (206, data[cut])
    assert answer.headers["Content-Length"] == str(len(data[cut]))
    first = data.index(data[cut])
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(data[cut]) - 1}/{len(data)}"


def test_a_range_outside_is_416(video, mint):
    data = make_clip().tracks["v240"].segments[0]
    answer = call(folder_of(video, mint(video)) + "v240/00000.m4s", range=f"bytes={len(data)}-")
    assert problem(answer) == (416, "range_not_satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(data)}"


def test_what_the_caller_has_is_not_sent_again(video, mint):
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    etag = call(path).headers["ETag"]
    same = call(path, if_none_match=etag)
    assert (same.status, same.body, same.headers["ETag"]) == (304, b"", etag)
    assert call(path, if_none_match='"other"').status == 200


def test_a_range_of_other_bytes_is_answered_whole(video, mint):
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    etag = call(path).headers["ETag"]
    assert call(path, range="bytes=0-9", if_range=etag).status == 206
    assert call(path, range="bytes=0-9", if_range='"old"').status == 200


def test_other_addresses_go_elsewhere(video, mint):
    folder = folder_of(video, mint(video))
    token = folder.split("/")[2]
    for path in (
        "/",
        "/api/v1/videos",
        folder,
        folder + "master.m3u8",
        folder + "v240/index.m3u8",
        folder + "../../source",
        folder + "v240/../../../../../etc/passwd",
        folder + "v240/%2e%2e/poster.jpg",
        folder + "v240/00000.m4s/",
        folder + "v240/00000.m4s\n",
        folder + "v240/00000.m4s\0.jpg",
        folder.replace(token, token + "."),
        f"/play/{token}/{video.project_id}/{video.pk}/{video.revision}/v240\\00000.m4s",
    ):
        answer = call(path)
        # A dot more makes no token, but may still look like one.
        assert answer.status in {418, 401}, path
        assert b"ftyp" not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_refused(video, mint, method):
    answer = call(folder_of(video, mint(video)) + "poster.jpg", method)
    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def problem(answer: Answer) -> tuple[int, str]:
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = json.loads(answer.body)
    assert body["status"] == answer.status
    assert answer.headers["Content-Length"] == str(len(answer.body))
    return answer.status, body["code"]


def test_refusals_say_as_much_as_the_holder_may_know(video, mint):
    file = "v240/00000.m4s"
    good = mint(video)
    assert problem(call(folder_of(video, "x" * 54) + file)) == (401, "token_invalid")
    assert problem(call(folder_of(video, forged(good)) + file)) == (401, "token_invalid")
    old = mint(video, now=timezone.now() - timedelta(seconds=91), ttl_s=60)
    assert problem(call(folder_of(video, old) + file)) == (401, "token_expired")
    early = mint(video, now=timezone.now() + timedelta(seconds=90))
    assert problem(call(folder_of(video, early) + file)) == (401, "token_invalid")
    assert problem(call(folder_of(video, good) + "v240/00099.m4s")) == (404, "media_not_found")
    assert problem(call(folder_of(video, good) + "v999/init.mp4")) == (404, "media_not_found")
    assert problem(call(folder_of(video, good, "S" * 16) + file)) == (404, "media_not_found")
    assert problem(call(folder_of(video, mint(video, scope=Scope.IMAGES)) + file)) == (
        403,
        "playback_forbidden",
    )
    assert problem(call(folder_of(video, mint(video, scope=Scope.PLAY)) + "poster.jpg")) == (
        403,
        "playback_forbidden",
    )
    assert problem(call(folder_of(video, mint(video, max_height=144)) + file)) == (403, "playback_forbidden")
    assert call(folder_of(video, mint(video, max_height=144)) + "v144/00000.m4s").status == 200


def test_an_invalid_token_gets_one_answer_whether_there_is_a_video_or_not(video, mint):
    wrong = forged(mint(video))
    there = call(folder_of(video, wrong) + "poster.jpg")
    video.pk = "vid_" + "z" * 18
    nowhere = call(folder_of(video, wrong) + "poster.jpg")
    assert there.body == nowhere.body
    assert there.headers == nowhere.headers


def test_a_token_is_of_one_video(video, mint):
    second = store_video()
    assert problem(call(folder_of(second, mint(video)) + "poster.jpg")) == (401, "token_invalid")
    assert call(folder_of(second, mint(second)) + "poster.jpg").status == 200


def test_a_video_without_poster_has_none(video, mint):
    video.image_sets.all().delete()
    assert problem(call(folder_of(video, mint(video)) + "poster.jpg")) == (404, "media_not_found")


def test_restricted_videos_and_suspended_projects_are_closed(video, mint):
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    assert call(path).status == 200
    video.restriction = "held"
    video.save()
    admission.forget()
    assert problem(call(path)) == (403, "video_restricted")
    video.restriction = "none"
    video.save()
    video.project.suspended_at = timezone.now()
    video.project.save()
    admission.forget()
    assert problem(call(path)) == (403, "video_restricted")


def test_a_token_for_a_site_is_checked(video, mint):
    path = folder_of(video, mint(video, origins=("https://a.example",))) + "v240/00000.m4s"
    assert call(path, origin="https://a.example").status == 200
    assert problem(call(path, origin="https://b.example")) == (403, "playback_forbidden")
    assert call(path, sec_fetch_site="cross-site", referer="https://a.example/x").status == 200
    assert call(path, sec_fetch_site="cross-site", referer="https://b.example/x").status == 403
    assert call(path, sec_fetch_site="same-origin").status == 200


def test_listed_sites_may_read(video, mint):
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    config = config_with(allowed_origins=("https://a.example",))
    listed, unlisted = (
        call(path, config=config, origin="https://a.example"),
        call(path, config=config, origin="https://b.example"),
    )
    assert (listed.headers["Access-Control-Allow-Origin"], listed.headers["Vary"]) == (
        "https://a.example",
        "Origin",
    )
    assert "Access-Control-Allow-Origin" not in unlisted.headers
    assert unlisted.headers["Vary"] == "Origin"


def test_preflight_needs_no_token():
    path = f"/play/{'x' * 54}/{'p' * 12}/vid_{'a' * 18}/{'R' * 16}/v240/00000.m4s"
    answer = call(path, "OPTIONS", origin="https://a.example", access_control_request_headers="range")
    assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Range" in answer.headers["Access-Control-Allow-Headers"]


def test_nginx_is_told_where_the_bytes_are(video, mint):
    config = config_with(delivery="x_accel")
    folder = folder_of(video, mint(video))
    name = layout.segment_name(layout.rendition_folder(video.project_id, video.pk, video.revision, "v240"), 3)
    answer = call(folder + "v240/00003.m4s", config=config)
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["X-Accel-Redirect"] == f"/_media/{name}"
    assert answer.headers["Content-Type"] == "video/mp4"
    refused = call(folder.replace("/play/", "/play/x", 1) + "v240/00003.m4s", config=config)
    assert refused.status == 401
    assert "X-Accel-Redirect" not in refused.headers


def test_nginx_is_asked_for_nothing_while_objects_lie_in_two_stores(video, mint, tmp_path):
    config = config_with(delivery="x_accel")
    others = {"others": [{"name": "old", "path": str(tmp_path)}], "also_read": "old"}
    moving = type(config.storage).model_validate(others)
    path = folder_of(video, mint(video)) + "v240/00003.m4s"
    answer = call(path, config=config.model_copy(update={"storage": moving}))
    assert answer.status == 200
    assert answer.body
    assert "X-Accel-Redirect" not in answer.headers


def test_an_nginx_that_remembers_is_told_for_how_long(video, mint):
    config = config_with(delivery="x_accel")
    path = folder_of(video, mint(video, ttl_s=1800)) + "v240/00003.m4s"
    told = call(f"/_standing/{video.project_id}/{video.pk}", config=config)
    assert (told.status, told.headers["Cache-Control"]) == (200, "no-store")
    standing = told.headers["X-Gilfoyle-Standing"]
    answer = call(path, config=config, x_gilfoyle_standing=standing)
    assert answer.headers["X-Accel-Expires"] == "60"
    assert int(answer.headers["Cache-Control"].rpartition("=")[2]) <= 1800 - 60
    stale = call(path, config=config, x_gilfoyle_standing="another")
    assert (stale.status, stale.headers["X-Accel-Expires"]) == (200, "0")
    assert "X-Accel-Expires" not in call(path, config=config).headers
    refused = call(
        folder_of(video, forged(mint(video))) + "v240/00003.m4s", config=config, x_gilfoyle_standing=standing
    )
    assert (refused.status, "X-Accel-Expires" in refused.headers) == (401, False)


def test_how_things_stand_is_for_nginx_alone(video):
    assert call(f"/_standing/{video.project_id}/{video.pk}").status == 418


CDN = {"delivery": "redirect", "cdn_url": "https://cdn.example.com", "cdn_secret": SecretStr("x" * 32)}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_viewers_are_sent_to_the_cdn_and_nothing_keeps_the_way_there(video, mint, method):
    config = config_with(**CDN)
    folder = folder_of(video, mint(video))
    there = layout.rendition_folder(video.project_id, video.pk, video.revision, "v240")
    answer = call(folder + "v240/00003.m4s", method, config=config, origin="https://a.example")
    assert (answer.status, answer.body) == (302, b"")
    until, _signature, name = (
        answer.headers["Location"].removeprefix("https://cdn.example.com/").split("/", 2)
    )
    assert name == f"{there}/00003.m4s"
    assert 300 <= int(until) - time.time() <= 600
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    picture = call(folder + "poster.jpg", method, config=config)
    assert picture.headers["Location"].endswith("/poster-1/poster.jpg")


def test_nobody_is_sent_anywhere_without_permission(video, mint):
    config = config_with(**CDN)
    folder = folder_of(video, mint(video, max_height=144))
    refused = [
        call(folder + "v240/00000.m4s", config=config),
        call(folder.replace(video.pk, "vid_" + "a" * 18) + "v144/00000.m4s", config=config),
        call(folder_of(video, forged(mint(video))) + "v144/00000.m4s", config=config),
        call(folder + "v144/00000.m4s", "POST", config=config),
    ]
    assert [answer.status for answer in refused] == [403, 401, 401, 405]
    assert all("Location" not in answer.headers for answer in refused)
    assert call(folder + "v144/00000.m4s", config=config).status == 302


def test_the_bucket_itself_takes_the_address(settings, mint, db):
    with own_bucket(settings) as store:
        video = store_video()
        s3 = {"bucket": store.bucket_name, "endpoint_url": store.endpoint_url, "prefix": store.location}
        keys = {"access_key_id": store.access_key, "secret_access_key": store.secret_key}
        config = Config.model_validate(
            {"storage": {"backend": "s3", "s3": {**s3, **keys}}, "playback": {"delivery": "redirect"}}
        )
        path = folder_of(video, mint(video)) + "v240/00001.m4s"
        there = call(path, config=config).headers["Location"]
        data = make_clip().tracks["v240"].segments[1]
        whole = httpx.get(there)
        assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, data, "video/mp4")
        part = httpx.get(there, headers={"Range": "bytes=10-19"})
        assert (part.status_code, part.content) == (206, data[10:20])
        head = httpx.head(call(path, "HEAD", config=config).headers["Location"])
        assert (head.status_code, head.headers["content-length"]) == (200, str(len(data)))
        assert httpx.get(there.replace("00001.m4s", "00002.m4s")).status_code == 403
        assert httpx.get(there.replace("X-Amz-Expires=600", "X-Amz-Expires=6000")).status_code == 403
        signer, over = find_signer(config), plan_validity(time.time() - 700, 300)
        assert signer is not None
        folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v240")
        old = signer.sign(layout.segment_name(folder, 1), over, content_type="video/mp4")
        assert httpx.get(old).status_code == 403


def test_without_a_database_the_answer_is_no_and_says_no_more(video, mint):
    def fail(_wanted: object) -> NoReturn:
        raise OperationalError("host db.internal is down")

    closed = Admission(
        Sources(load_key=fail, list_keys=fail, load_policy=fail, list_access=fail, list_denials=fail),
        root_secret=lambda: b"",
    )
    answer = call(folder_of(video, mint(video)) + "poster.jpg", gate=closed)
    assert problem(answer) == (503, "playback_unavailable")
    assert b"db.internal" not in answer.body


def test_a_lost_object_is_not_found_and_an_unreadable_store_is_a_fault(video, mint, media_dir):
    folder = folder_of(video, mint(video))
    storage.delete(f"{image_folder(video, 'poster')}/poster.jpg")
    assert problem(call(folder + "poster.jpg")) == (404, "media_not_found")
    segment = media_dir / layout.segment_name(
        layout.rendition_folder(video.project_id, video.pk, video.revision, "v240"), 0
    )
    segment.unlink()
    segment.symlink_to(segment.name)
    assert problem(call(folder + "v240/00000.m4s")) == (503, "storage_fault")


def test_no_token_is_logged(video, mint, caplog):
    caplog.set_level("INFO")
    good = mint(video)
    call(
        folder_of(video, good, "S" * 16) + "poster.jpg",
        origin="https://a.example",
        referer="https://a.example/x",
    )
    text = caplog.text + str([record.__dict__ for record in caplog.records])
    label = session_label(parse_token(good))
    assert "playback refused" in text
    assert label in text
    assert good not in text
    assert good.split(".")[1] not in text
