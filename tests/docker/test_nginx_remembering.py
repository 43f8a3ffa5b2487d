"""The real nginx with docker/nginx-remembering.conf in front of the real gunicorn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from django.conf import settings
from django.utils import timezone

from streaming.revocations.denials import PROJECT, SESSION
from streaming.revocations.services import Wanted, revoke
from streaming.tokens.claims import Scope, parse_token
from streaming.tokens.models import REVOKED, SigningKey
from tests.docker.nginx_process import nginx
from tests.embedded import ROOT, free_port, wait_until
from tests.streaming.clip import make_clip, store_video
from tests.streaming.conftest import LIMITS, folder_of, forged
from tests.streaming.conftest import mint as mint  # noqa: PLC0414 - a fixture
from tests.streaming.web_process import web_process
from videos.catalog.models import Video

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@dataclass
class Front:
    client: httpx.Client
    log: Path
    folder: Path

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def asked(self) -> int:
        """Return how many of the gate's answers are remembered."""
        kept = [path.read_bytes() for path in (self.folder / "answers").rglob("*") if path.is_file()]
        return sum(b"X-Accel-Redirect" in one for one in kept)


@pytest.fixture
def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    (tmp_path / "settings.yaml").write_text("playback:\n  delivery: x_accel\n")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(tmp_path / "settings.yaml"))
    port = free_port()
    with web_process(tmp_path) as web:
        media = settings.GILFOYLE.media_path
        places = {
            "server web:8000": f"server {web.url.removeprefix('http://')}",
            "alias /data/media/": f"alias {media}/",
            "root /data/media": f"root {media}",
        }
        folder = tmp_path / "nginx"
        with (
            nginx(folder, "nginx-remembering.conf", port=port, places=places),
            httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
        ):
            yield Front(client, folder / "access.log", folder)


def test_it_is_nginx_conf_and_what_is_marked() -> None:
    plain, remembering = (
        (ROOT / "docker" / name).read_text() for name in ("nginx.conf", "nginx-remembering.conf")
    )
    unmarked = re.sub(r" *# Remembering: (?s:.*?)# Remembering ends\.\n\n", "", remembering)
    assert (
        unmarked.replace(
            "# This is nginx.conf with memory, for very many viewers: it asks about a video and not about each file "
            "(docs/delivery.md).\n",
            "",
        )
        == plain
    )
    assert len(remembering) > len(plain) + 1000


def test_segments_come_with_all_that_gilfoyle_says_of_them(front, mint) -> None:
    video, clip = store_video(), make_clip()
    folder = folder_of(video, mint(video, ttl_s=7200))
    for _again in range(2):
        answer = front.get(folder + "v240/00001.m4s")
        assert (answer.status_code, answer.content) == (200, clip.tracks["v240"].segments[1])
        wanted = {
            "content-type": ["video/mp4"],
            "cache-control": ["private, max-age=3600"],
            "access-control-allow-origin": ["*"],
            "referrer-policy": ["no-referrer"],
            "x-content-type-options": ["nosniff"],
            "cross-origin-resource-policy": ["cross-origin"],
        }
        assert {name: answer.headers.get_list(name) for name in wanted} == wanted
    assert front.get(folder + "v240/init.mp4").content == clip.tracks["v240"].init
    sound = front.get(folder + "a0/00001.m4s")
    assert (sound.content, sound.headers["content-type"]) == (clip.tracks["a0"].segments[1], "audio/mp4")
    part = front.get(folder + "v240/00001.m4s", Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, clip.tracks["v240"].segments[1][10:20])
    assert front.get(folder + "v240/00001.m4s", Range="bytes=0-1,5-6").status_code == 200
    same = front.get(folder + "v240/00001.m4s", **{"If-None-Match": part.headers["etag"]})
    assert (same.status_code, same.content) == (304, b"")
    head = front.client.head(folder + "v240/00001.m4s")
    assert (head.status_code, head.content) == (200, b"")
    assert front.client.options(folder + "v240/00001.m4s").status_code == 204
    assert front.client.post(folder + "v240/00001.m4s").status_code == 405
    assert front.get(folder + "poster.jpg").content == clip.poster
    assert front.get(folder + "master.m3u8").status_code == 200
    assert front.asked() == 2  # once for each rendition


def test_nothing_without_permission_while_others_are_remembered(front, mint) -> None:
    video, other = store_video(), store_video()
    good = mint(video)
    for rendition in ("v144", "v240"):
        assert front.get(f"{folder_of(video, good)}{rendition}/00000.m4s").status_code == 200
    past = timezone.now() - timedelta(hours=2)
    small, images = mint(video, max_height=144), mint(video, scope=Scope.IMAGES)
    tried = {
        folder_of(video, forged(good)): 401,
        folder_of(video, mint(video, now=past, ttl_s=60)): 401,
        folder_of(video, mint(video, now=timezone.now() + timedelta(minutes=5))): 401,
        folder_of(video, images): 403,
        folder_of(video, small): 403,
        folder_of(other, good): 401,
        folder_of(video, good).replace(video.project_id, other.project_id): 401,
        folder_of(video, good, revision="R" * 16): 404,
        folder_of(video, "x" * 54): 401,
    }
    for folder, status in tried.items():
        for _again in range(2):
            answer = front.get(f"{folder}v240/00000.m4s")
            assert (answer.status_code, answer.headers["cache-control"]) == (status, "no-store"), folder
            assert answer.headers["content-type"] == "application/problem+json"
    assert front.get(folder_of(video, small) + "v144/00000.m4s").status_code == 200
    assert front.get(folder_of(video, good) + "v240/00099.m4s").status_code == 404
    assert front.asked() == 3


def test_the_inside_is_closed_from_outside(front) -> None:
    inside = ["/_how_it_stands", "/_may_have", "/_media/x", "/_standing/p/v", "/_standing/", "/@remembered"]
    assert {path: front.get(path).status_code for path in inside} == dict.fromkeys(inside, 404)


def test_a_site_that_may_not_show_it_gets_nothing_after_one_that_may(front, mint) -> None:
    video = store_video()
    path = folder_of(video, mint(video, origins=("https://a.example",))) + "v240/00000.m4s"
    assert front.get(path, Origin="https://a.example").status_code == 200
    assert front.get(path, Origin="https://evil.example").status_code == 403
    cross = {"Sec-Fetch-Site": "cross-site"}
    assert front.get(path, Referer="https://a.example/page", **cross).status_code == 200
    assert front.get(path, Referer="https://evil.example/https://a.example/", **cross).status_code == 403
    assert front.get(path, Origin="https://a.example").status_code == 200


def test_nobody_outside_can_speak_as_nginx(front, mint) -> None:
    video = store_video()
    folder = folder_of(video, mint(video, ttl_s=7200))
    answer = front.get(folder + "poster.jpg", **{"X-Gilfoyle-Standing": "anything"})
    assert answer.status_code == 200
    assert "x-gilfoyle-standing" not in answer.headers
    toxic = {"X-Gilfoyle-Standing": "evil", "X-Accel-Redirect": "/_media/x", "X-Original-URL": "/x"}
    assert front.get(folder + "v240/00000.m4s", **toxic, Range="bytes=0-0").status_code == 206
    answer = front.get(folder + "v240/00000.m4s")
    assert (answer.status_code, answer.content) == (200, make_clip().tracks["v240"].segments[0])
    assert "x-gilfoyle-standing" not in answer.headers


def _restrict(video: Video, _token: str) -> None:
    Video.objects.filter(pk=video.pk).update(restriction="restricted")


def _suspend(video: Video, _token: str) -> None:
    type(video.project).objects.filter(pk=video.project_id).update(suspended_at=timezone.now())


def _revoke_key(_video: Video, token: str) -> None:
    SigningKey.objects.filter(pk=parse_token(token).key_id).update(state=REVOKED)


def _revoke_session(video: Video, token: str) -> None:
    wanted = Wanted(SESSION, parse_token(token).claims.session.hex())
    revoke(project_id=video.project_id, wanted=wanted, limits=LIMITS, now=timezone.now(), by="test")


def _revoke_all(video: Video, _token: str) -> None:
    wanted = Wanted(PROJECT, video.project_id, int(timezone.now().timestamp()) + 1)
    revoke(project_id=video.project_id, wanted=wanted, limits=LIMITS, now=timezone.now(), by="test")


ENDS: tuple[Callable[[Video, str], None], ...] = (
    _restrict,
    _suspend,
    _revoke_key,
    _revoke_session,
    _revoke_all,
)


def refusal(front: Front, path: str) -> httpx.Response | None:
    answer = front.get(path)
    return answer if answer.status_code != 200 else None


def test_what_is_withdrawn_is_remembered_no_longer(front, mint) -> None:
    paths = {}
    for end in ENDS:  # each of a project of its own
        video = store_video()
        token = mint(video)
        paths[end] = folder_of(video, token) + "v240/00000.m4s"
        assert front.get(paths[end]).status_code == 200
    for end, path in paths.items():
        still_open = [other for other in paths.values() if front.get(other).status_code == 200]
        assert path in still_open, end
        video_id, token = path.split("/")[4], path.split("/")[2]
        end(Video.objects.get(pk=video_id), token)
        answer = wait_until(
            partial(refusal, front, path), what=f"a refusal after {end.__name__}", patience_s=30
        )
        assert answer.status_code in {401, 403}
        assert front.get(path).status_code == answer.status_code
        still_open.remove(path)
        assert all(front.get(other).status_code == 200 for other in still_open), "the others play on"


def test_nothing_is_sent_on_memory_alone(tmp_path: Path, monkeypatch, mint) -> None:
    """Where Gilfoyle is gone, nobody can say that nothing was withdrawn."""
    (tmp_path / "settings.yaml").write_text("playback:\n  delivery: x_accel\n")
    monkeypatch.setenv("GILFOYLE_SETTINGS", str(tmp_path / "settings.yaml"))
    video, port, behind = store_video(), free_port(), free_port()
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    media = settings.GILFOYLE.media_path
    places = {
        "server web:8000": f"server 127.0.0.1:{behind}",
        "alias /data/media/": f"alias {media}/",
        "root /data/media": f"root {media}",
    }
    with nginx(tmp_path / "nginx", "nginx-remembering.conf", port=port, places=places):
        with web_process(tmp_path, port=behind):
            assert httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60).status_code == 200
        wait_until(
            lambda: httpx.get(f"http://127.0.0.1:{port}{path}", timeout=60).status_code == 502,
            what="a refusal",
            patience_s=30,
        )


def test_no_token_and_no_viewer_is_in_the_logs(front, mint) -> None:
    video = store_video()
    good = mint(video)
    tokens = [good, forged(good), mint(video, now=timezone.now() - timedelta(hours=2), ttl_s=60)]
    private = {"User-Agent": "SecretBrowser/1", "Referer": "https://secret.example/page"}
    for token in tokens:
        for file in ("v240/00000.m4s", "v240/00099.m4s", "poster.jpg", "v240/index.m3u8"):
            front.get(folder_of(video, token) + file + "?who=me", **private)
    wait_until(lambda: front.log.read_text().count("\n") == 12, what="twelve lines in the log")
    logs = [front.log, front.folder / "error.log", front.folder.parent / "web.log"]
    written = "".join(path.read_text(errors="replace") for path in logs)
    for secret in ("SecretBrowser", "secret.example", "who=me", "127.0.0.1"):
        assert secret not in front.log.read_text() + (front.folder / "error.log").read_text()
    for token in tokens:
        assert all(part not in written for part in token.split(".")[1:])
