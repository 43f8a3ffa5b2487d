"""The threat table for playback: ten thousand requests without permission get no byte of media, and leave no trace of a token.

What is tried is drawn from a fixed seed, so that a failure comes back. Each request differs in at least one thing from one
that would be right: its token, its owner, its path, its file, or what the rows say.
"""

from __future__ import annotations

import base64
import logging
import random
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.logs import scrub
from streaming.tokens.claims import Scope, derive_secret, parse_token, sign_token
from streaming.tokens.key_services import revoke_key
from streaming.tokens.models import SigningKey
from tests.streaming.clip import store_track, store_video
from tests.streaming.web_process import web_process
from tests.streaming.whole_application import Answer, WholeApplication, connection_kept
from videos import layout

SEED = 20_261_129
TRIES, TRIES_OVER_A_SOCKET = 10_000, 300
# In each stored file and each text, so that any part of one is known wherever it turns up.
MARK = b"gilfoyle-media-that-nobody-may-see"
VIEWER = "203.0.113.77"
METHODS = (
    "GET",
    "GET",
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "PATCH",
    "OPTIONS",
    "PROPFIND",
    "TRACE",
    "get",
    "G ET",
)

pytestmark = pytest.mark.once
FILES = (
    "v240/00000.m4s", "v240/init.mp4", "v144/00001.m4s", "a0/00000.m4s", "poster.jpg", "master.m3u8", "manifest.mpd",
    "v240/index.m3u8", "v240/key", "storyboard.vtt", "storyboard-000.jpg", "preview.webp", "text/{track}.vtt",
    "text/{track}/index.m3u8", "text/{track}/00000.vtt",
)  # fmt: skip
# What a playlist would say, what a text track says, and what only somebody who may watch is told.
TOLD = (MARK, b"#EXTM3U", b"<MPD", b"Hello, viewer", b"WEBVTT", b"A private title")


@dataclass(frozen=True)
class Stage:
    """Two videos of two projects, with tokens that are right, and such as are not."""

    video: Any
    other: Any
    track: str
    right: str
    of_other: str
    refused: tuple[str, ...]

    @property
    def tokens(self) -> tuple[str, ...]:
        return (self.right, self.of_other, *self.refused)


@dataclass(frozen=True)
class Try:
    """One request."""

    path: str
    method: str = "GET"
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def _mark_media(video: Any) -> None:
    """Fill every stored file of the video with the mark."""
    folder = layout.revision_folder(video.project_id, video.pk, video.revision)
    names = [f"{folder}/{name}" for name in ("v240/init.mp4", "v144/init.mp4", "a0/init.mp4")]
    for rendition in ("v240", "v144", "a0"):
        at = layout.rendition_folder(video.project_id, video.pk, video.revision, rendition)
        names += [layout.init_name(at), *(layout.segment_name(at, number) for number in range(4))]
    names.append(layout.image_folder(video.project_id, video.pk, video.revision, "poster", 1) + "/poster.jpg")
    for name in names:
        if storage.exists(name):
            storage.delete(name)
            storage.save_bytes(name, MARK * 40)


def set_stage(mint: Callable[..., str]) -> Stage:
    """Store the videos and mint what an attacker may have got hold of."""
    video, other = store_video(title="A private title"), store_video(title="A private title")
    for one in (video, other):
        _mark_media(one)
    track = store_track(video, (0, 5, "Hello, viewer")).pk
    right = mint(video)
    revoked_key = SigningKey.objects.create(project=video.project, max_ttl_s=3600)
    revoke_key(key_id=revoked_key.pk)
    claims = parse_token(right).claims

    def signed_by(key_id: str, root: bytes) -> str:
        secret = derive_secret(root, key_id)
        owner = {"project_id": video.project_id, "video_id": video.pk}
        return sign_token(key_id=key_id, secret=secret, claims=claims, **owner)

    from django.conf import settings  # noqa: PLC0415 - the root of this test

    refused = (
        mint(video, now=timezone.now() - timedelta(hours=3), ttl_s=60),
        mint(video, now=timezone.now() - timedelta(seconds=60 + 31), ttl_s=60),
        mint(video, now=timezone.now() + timedelta(seconds=90)),
        mint(video, not_before_s=int(timezone.now().timestamp()) + 600),
        mint(video, scope=Scope.DOWNLOAD),
        mint(video, scope=Scope(0)),
        signed_by(revoked_key.pk, settings.GILFOYLE_ROOT_SECRET),
        signed_by(right[:6], b"another root"),
        signed_by("zzzzzz", settings.GILFOYLE_ROOT_SECRET),
        # Signed by the other project's key for this project's video.
        signed_by(mint(other)[:6], settings.GILFOYLE_ROOT_SECRET),
    )
    return Stage(video, other, track, right, mint(other), refused)


def flip(token: str, chance: random.Random) -> str:
    """Return the token with one bit of body or signature turned, or a character changed, cut, doubled or moved."""
    key_id, body, signature = token.split(".")
    kind = chance.randrange(7)
    if kind < 3:
        part = bytearray(base64.urlsafe_b64decode((body if kind else signature) + "=="))
        part[chance.randrange(len(part))] ^= 1 << chance.randrange(8)
        turned = base64.urlsafe_b64encode(bytes(part)).rstrip(b"=").decode()
        return f"{key_id}.{turned}.{signature}" if kind else f"{key_id}.{body}.{turned}"
    at = chance.randrange(len(token))
    if kind == 3:
        return token[:at] + chance.choice("AZaz09-_~%+/=.") + token[at + 1 :]
    if kind == 4:
        return token[:at] + token[at + 1 :]
    if kind == 5:
        return token[:at] + token[at] + token[at:]
    return f"{key_id}.{signature}.{body}"


def wrong_token(stage: Stage, chance: random.Random) -> str:
    """Return a token that opens nothing of the first video."""
    kind = chance.randrange(6)
    if kind == 0:
        return stage.of_other
    if kind == 1:
        return chance.choice(stage.refused)
    if kind == 2:
        return chance.choice(("", "x" * 54, "." * 60, "null", "../" * 20, "0" * 256, "0" * 257))
    while True:
        flipped = flip(stage.right, chance)
        if flipped != stage.right:
            return flipped


def wrong_path(stage: Stage, chance: random.Random, file: str) -> str:
    """Return an address with a right token that names something else than a file of its video."""
    video, other = stage.video, stage.other
    folder = f"/play/{stage.right}/{video.project_id}/{video.pk}/{video.revision}"
    foreign = layout.rendition_folder(other.project_id, other.pk, other.revision, "v240")
    climbing = "../" * chance.randrange(1, 9)
    return chance.choice(
        (
            f"/play/{stage.right}/{other.project_id}/{other.pk}/{other.revision}/{file}",
            f"/play/{stage.right}/{video.project_id}/{other.pk}/{other.revision}/{file}",
            f"/play/{stage.right}/{other.project_id}/{video.pk}/{video.revision}/{file}",
            f"/play/{stage.right}/{video.project_id}/{video.pk}/{other.revision}/{file}",
            f"{folder}/{climbing}{foreign}/00000.m4s",
            f"{folder}/v240/{climbing}{foreign}/00000.m4s",
            f"{folder}/v240/{climbing}etc/passwd",
            f"{folder}//v240/00000.m4s",
            f"/{folder}/{file}",
            f"{folder}/./{file}",
            f"{folder}/v240/..%2f{file}",
            f"{folder}/{quote(climbing, safe='')}{foreign}/00000.m4s",
            f"{folder}/v240\\00000.m4s",
            f"{folder}/V240/00000.m4s",
            f"{folder}/v240/00000.m4s/",
            f"{folder}/v240/00000.m4s\0.jpg",
            f"{folder}/v240/0000\u0660.m4s",
            f"{folder}/v240/99999.m4s",
            f"{folder}/source",
            f"/media/{foreign}/00000.m4s",
            f"/_media/{foreign}/00000.m4s",
            f"/{foreign}/00000.m4s",
            f"/static/{climbing}{foreign}/00000.m4s",
            f"/embed/{stage.right}/{other.project_id}/{other.pk}",
        )
    )


def headers_of(stage: Stage, chance: random.Random) -> tuple[tuple[str, str], ...]:
    """Return a few headers with which somebody may try to be taken for another, or to be sent a part or a copy."""
    good = (
        f"/play/{stage.right}/{stage.video.project_id}/{stage.video.pk}/{stage.video.revision}/v240/00000.m4s"
    )
    offered = (
        ("HTTP_RANGE", "bytes=0-99"),
        ("HTTP_RANGE", "bytes=-5"),
        ("HTTP_RANGE", "bytes=0-0,5-9"),
        ("HTTP_IF_NONE_MATCH", "*"),
        ("HTTP_IF_RANGE", '"x"'),
        ("HTTP_ORIGIN", "https://evil.example"),
        ("HTTP_REFERER", f"https://evil.example{good}"),
        ("HTTP_HOST", "evil.example"),
        ("HTTP_X_FORWARDED_HOST", "evil.example"),
        ("HTTP_X_FORWARDED_FOR", VIEWER),
        ("HTTP_X_ORIGINAL_URL", good),
        ("HTTP_X_REWRITE_URL", good),
        ("HTTP_X_ACCEL_REDIRECT", "/_media/x"),
        ("HTTP_X_HTTP_METHOD_OVERRIDE", "GET"),
        ("HTTP_AUTHORIZATION", f"Bearer {stage.right}"),
        ("HTTP_COOKIE", f"token={stage.right}; sessionid={stage.right}"),
        ("HTTP_ACCEPT_ENCODING", "gzip, br, identity;q=0"),
        ("HTTP_TRANSFER_ENCODING", "chunked"),
        ("CONTENT_LENGTH", "5"),
        ("HTTP_SEC_FETCH_SITE", "same-origin"),
        ("REMOTE_ADDR", VIEWER),
    )
    return tuple(dict(chance.sample(offered, chance.randrange(5))).items())


def plan(stage: Stage, count: int) -> Iterator[Try]:
    """Yield so many requests, none of which may have a byte."""
    chance = random.Random(SEED)  # noqa: S311 - the same each time is the very point
    video = stage.video
    for _ in range(count):
        file = chance.choice(FILES).format(track=stage.track)
        headers = headers_of(stage, chance)
        query = chance.choice(("", "", f"token={stage.right}", "x=1", f"url={quote('/play/' + stage.right)}"))
        method = chance.choice(METHODS)
        if chance.random() < 0.35:
            yield Try(wrong_path(stage, chance, file), method, query, headers)
            continue
        token = wrong_token(stage, chance)
        owner = f"{token}/{video.project_id}/{video.pk}"
        address = chance.choice(
            (f"/play/{owner}/{video.revision}/{file}",) * 5
            + (
                f"/embed/{owner}",
                f"/embed/{owner}/state.json",
                f"/play/{owner}/master.m3u8",
                f"/play/{owner}/refresh",
            )
        )
        yield Try(address, method, query, headers)


def secrets_of(stage: Stage) -> list[str]:
    """Return what must stand in no log: tokens, their signed parts, and the viewer's address."""
    parts = [part for token in stage.tokens for part in token.split(".")[1:]]
    return [*stage.tokens, *parts, VIEWER]


def is_open(answer: Answer) -> bool:
    text = answer.body + repr(answer.headers).encode()
    return any(told in text for told in TOLD) or any(name == "X-Accel-Redirect" for name, _ in answer.headers)


@pytest.fixture
def stage(db: None, mint: Callable[..., str]) -> Stage:
    del db
    return set_stage(mint)


@pytest.fixture
def app(stage: Stage) -> Iterator[WholeApplication]:
    del stage
    with connection_kept():
        yield WholeApplication()


def test_the_right_requests_do_get_what_the_wrong_ones_are_looked_at_for(app, stage):
    folder = f"/play/{stage.right}/{stage.video.project_id}/{stage.video.pk}/{stage.video.revision}/"
    for file in ("v240/00000.m4s", "poster.jpg", "master.m3u8", "manifest.mpd", f"text/{stage.track}.vtt"):
        assert is_open(app.call(folder + file)), file
    assert is_open(app.call(f"/embed/{stage.right}/{stage.video.project_id}/{stage.video.pk}"))


def test_ten_thousand_requests_without_permission_get_no_byte_and_leave_no_token_behind(app, stage, caplog):
    caplog.set_level(logging.INFO)
    opened: list[tuple[Try, Answer]] = []
    statuses = set()
    for one in plan(stage, TRIES):
        answer = app.call(one.path, one.method, one.query, **dict(one.headers))
        statuses.add(answer.status)
        if is_open(answer) or (200 <= answer.status < 300 and answer.body):
            opened.append((one, answer))
    assert opened == []
    assert statuses >= {401, 403, 404, 405}
    assert not statuses & {500, 206}
    # As the product's formatter writes them: the last thing that it does to a line is to scrub it.
    lines = [scrub(f"{record.getMessage()} {record.__dict__}") for record in caplog.records]
    assert len(lines) > TRIES / 10
    told = "\n".join(lines)
    assert [secret for secret in secrets_of(stage) if secret in told] == []


@pytest.mark.parametrize("restriction", ["held", "restricted", "blocked"])
def test_a_right_token_of_a_closed_video_gets_no_byte_either(app, stage, restriction):
    video = stage.video
    video.restriction = restriction
    video.save()
    for file in FILES:
        path = f"/play/{stage.right}/{video.project_id}/{video.pk}/{video.revision}/{file.format(track=stage.track)}"
        for method in ("GET", "HEAD", "POST"):
            answer = app.call(path, method)
            assert not is_open(answer), (method, path)
            assert answer.status in {403, 405}, (method, path)


@pytest.mark.django_db(transaction=True)
def test_a_real_server_gives_nothing_away_and_logs_no_token(tmp_path, mint):
    stage = set_stage(mint)
    line = re.compile(r"[\x00-\x20\x7f]")
    with web_process(tmp_path) as web:
        host, port = web.url.removeprefix("http://").split(":")
        for one in plan(stage, TRIES_OVER_A_SOCKET):
            path = line.sub(lambda found: quote(found[0]), one.path) + (f"?{one.query}" if one.query else "")
            names = {
                name.removeprefix("HTTP_").replace("_", "-").title(): value for name, value in one.headers
            }
            for left_out in ("Remote-Addr", "Transfer-Encoding", "Content-Length"):
                names.pop(left_out, None)
            head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": host, **names}.items())
            request = f"{one.method} {path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n"
            with socket.create_connection((host, int(port)), timeout=60) as connection:
                connection.sendall(request.encode())
                answer = b"".join(iter(lambda: connection.recv(65_536), b""))
            assert not any(told in answer for told in TOLD), request
            assert not answer.startswith(b"HTTP/1.1 5"), request
        log = web.log.read_text(errors="replace")
    assert "playback refused" in log
    assert [secret for secret in secrets_of(stage) if secret in log] == []
