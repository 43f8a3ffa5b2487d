"""One small clip sent the whole path through a running Gilfoyle, as a consumer and a viewer would, and timed.

Its project is one of Gilfoyle's own: no list of videos, no quota, no figure of use and no audit has it. Its upload and job
stand among the others as long as it lasts. Whatever happens, key and video are gone afterwards; the video's files and rows
go as those of all deleted videos do.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx
from django.db.models import Q
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault
from gilfoyle.lib.outbound import trusted_certificates
from gilfoyle.lib.transactions import atomic
from gilfoyle.small_clip import SECONDS, make_small_clip
from videos.access.internal import WHOLE_PATH_PROJECT_ID
from videos.access.limits import NAMES
from videos.access.models import ApiKey, Project
from videos.access.services import create_api_key
from videos.catalog.models import Video
from videos.catalog.services import delete_videos
from videos.catalog.states import DELETING

PROJECT_NAME = "Canary of the whole path"
SCOPES = ("videos:read", "videos:write", "uploads:write", "playback:sign")
ASK_EVERY_S = 0.5
GONE_WITHIN_S = 10.0  # a deletion bites within a second; the rest is for a machine under load
PATIENCE_S = 20.0
TOKEN_S = 3600
LEFT_OVER = timedelta(hours=1)
MOST_REDIRECTS = 5
PLAYLIST = "#EXTM3U"
HINT = "manage.py doctor, and manage.py status, say more."


class PathBroken(Fault):
    """The clip did not get through; `message` says where, `hint` what to look at."""

    code = "path_broken"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the way that was gone, and how long it took."""

    name: str
    took_s: float
    words: str


@dataclass(slots=True)
class Outcome:
    """What came of one clip. `broken` is the part at which it ended, if it did."""

    parts: list[Part] = field(default_factory=list)
    broken: str = ""
    message: str = ""
    hint: str = ""
    video_id: str = ""

    @property
    def total_s(self) -> float:
        return sum(part.took_s for part in self.parts)


def open_client() -> httpx.Client:
    """Return who asks: without the environment's proxies, which might answer for us."""
    return httpx.Client(
        verify=trusted_certificates(), trust_env=False, timeout=PATIENCE_S, max_redirects=MOST_REDIRECTS
    )


def walk_whole_path(
    config: Config,
    *,
    client: httpx.Client,
    timeout_s: float,
    tell: Callable[[Part], None] = lambda _: None,
    pause: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Send a clip through, and return what came of it; `timeout_s` bounds the wait until it is ready."""
    outcome = Outcome()
    with _api_key(timeout_s) as key:
        walk = _Walk(config, client, key, ends_at=time.monotonic() + timeout_s, pause=pause)
        try:
            for name, go in walk.parts():
                began = time.monotonic()
                try:
                    words = go()
                except PathBroken as error:
                    outcome.broken, outcome.message, outcome.hint = name, error.message, error.hint
                    break
                part = Part(name, round(time.monotonic() - began, 3), words)
                outcome.parts.append(part)
                tell(part)
        finally:
            outcome.video_id = walk.video_id
            _clear_away(walk.video_id)
    return outcome


@contextmanager
def _api_key(timeout_s: float) -> Iterator[str]:
    """Give a key of the project for one run."""
    project = _ensure_project()
    expires_at = timezone.now() + timedelta(seconds=timeout_s) + LEFT_OVER
    key, text = create_api_key(project=project, label="canary", scopes=SCOPES, expires_at=expires_at)
    ApiKey.objects.filter(pk=key.pk).update(max_requests_a_minute=0)
    try:
        yield text
    finally:
        # Those of runs that were killed, too; not that of another run.
        over = Q(pk=key.pk) | Q(expires_at__lt=timezone.now())
        ApiKey.objects.filter(over, project=project).delete()


@atomic
def _ensure_project() -> Project:
    found = Project.objects.filter(pk=WHOLE_PATH_PROJECT_ID).first()
    if found is not None:
        return found
    is_taken = Project.objects.filter(name=PROJECT_NAME).exists()
    name = f"{PROJECT_NAME} {WHOLE_PATH_PROJECT_ID}" if is_taken else PROJECT_NAME
    # What others are limited to must not stop it.
    return Project.objects.create(pk=WHOLE_PATH_PROJECT_ID, name=name, **dict.fromkeys(NAMES, 0))


def _clear_away(video_id: str) -> None:
    """Delete the run's video where it did not come so far itself, and what killed runs left."""
    over = Q(pk=video_id) | Q(created_at__lt=timezone.now() - LEFT_OVER)
    delete_videos(videos=Video.objects.filter(over, project=WHOLE_PATH_PROJECT_ID).exclude(status=DELETING))


class _Walk:
    """One run: what it knows after each part. Messages never name a token or a key."""

    def __init__(
        self,
        config: Config,
        client: httpx.Client,
        key: str,
        *,
        ends_at: float,
        pause: Callable[[float], None],
    ) -> None:
        self.video_id = ""
        self._public_url = config.public_url
        self._base_url = config.safety.self_test_url or config.public_url
        self._client = client
        self._headers = {"Authorization": f"Bearer {key}"}
        self._ends_at = ends_at
        self._pause = pause
        self._clip = self._segment = b""
        self._token = ""
        self._files: dict[str, str] = {}  # what a player asks for → its address

    def parts(self) -> Iterator[tuple[str, Callable[[], str]]]:
        """Yield the parts of the way in their order, each with what goes it and answers a few words."""
        yield "clip", self._make
        yield "create", self._create
        yield "upload", self._upload
        yield "playable", lambda: self._wait("playable", lambda video: bool(video["playable"]))
        yield "token", self._sign
        yield "manifest", self._read_manifest
        yield "segment", self._fetch_segment
        yield "refused", self._try_without
        yield "ready", lambda: self._wait("ready", lambda video: video["status"] == "ready")
        yield "delete", self._delete
        yield "gone", self._see_it_gone

    def _make(self) -> str:
        self._clip = make_small_clip()
        return f"{SECONDS} seconds, {len(self._clip):,} bytes"

    def _create(self) -> str:
        self.video_id = str(self._call("POST", "videos", json={"title": "Canary"}).json()["id"])
        return self.video_id

    def _upload(self) -> str:
        self._call("PUT", f"videos/{self.video_id}/source", content=self._clip)
        return f"{len(self._clip):,} bytes"

    def _wait(self, what: str, is_so: Callable[[dict[str, Any]], bool]) -> str:
        while True:
            video = self._call("GET", f"videos/{self.video_id}").json()
            if is_so(video):
                return f"{video['progress']} % of its work done"
            if video["status"] == "failed":
                message = f"Processing failed: {(video.get('failure') or {}).get('message', 'see its page')}"
                raise PathBroken(message, hint=HINT)
            if time.monotonic() > self._ends_at:
                message = (
                    f"It was not {what} in time: its status is {video['status']}, {video['progress']} %."
                )
                raise PathBroken(message, hint=f"Are there workers, or is other work before it? {HINT}")
            self._pause(ASK_EVERY_S)

    def _sign(self) -> str:
        body = self._call("POST", f"videos/{self.video_id}/playback", json={"ttl_s": TOKEN_S}).json()
        self._token, self._files["manifest"] = body["token"], body["hls_url"]
        return f"for {TOKEN_S} seconds"

    def _read_manifest(self) -> str:
        variants = self._playlist("manifest")
        self._files["playlist"] = urljoin(self._files["manifest"], variants[0])
        segments = self._playlist("playlist")
        self._files["segment"] = urljoin(self._files["playlist"], segments[0])
        return f"{len(variants)} to choose from, {len(segments)} segments"

    def _playlist(self, what: str) -> list[str]:
        text = self._fetch(what).text
        names = [line for line in text.splitlines() if line and not line.startswith("#")]
        if not text.startswith(PLAYLIST) or not names:
            message = f"What came as {what} is none: something in between answers for Gilfoyle."
            raise PathBroken(message, hint="Ask for it by hand: manage.py sign_token gives an address.")
        return names

    def _fetch_segment(self) -> str:
        self._segment = self._fetch("segment").content
        if not self._segment:
            message = "The first segment is empty."
            raise PathBroken(message, hint="manage.py storage verify tells what is missing in the store.")
        return f"{len(self._segment):,} bytes"

    def _try_without(self) -> str:
        """See that what just played is given to nobody else."""
        tries = 0
        head, signature = self._token.rsplit(".", 1)
        forged = f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"
        for what in ("manifest", "playlist", "segment"):
            for other in ("", f"{forged}/"):
                url = self._files[what].replace(f"/play/{self._token}/", f"/play/{other}")
                answer = self._ask("GET", url, what=what, follow_redirects=True)
                tries += 1
                if answer.is_server_error:
                    message = f"Without a token the {what} was answered by {answer.status_code}."
                    raise PathBroken(message, hint=HINT)
                if self._is_given(what, answer):
                    how = "a wrong token" if other else "no token"
                    message = f"The {what} was given away for {how}."
                    raise PathBroken(message, hint="Close that at once: manage.py self_test tries every way.")
        return f"{tries} requests"

    def _is_given(self, what: str, answer: httpx.Response) -> bool:
        """Tell by what came whether it is what was asked for: a status alone proves nothing."""
        is_it = answer.content == self._segment if what == "segment" else answer.text.startswith(PLAYLIST)
        return answer.is_success and is_it

    def _delete(self) -> str:
        self._call("DELETE", f"videos/{self.video_id}")
        return "its files go within minutes"

    def _see_it_gone(self) -> str:
        ends_at = time.monotonic() + GONE_WITHIN_S
        while self._is_given("manifest", self._ask("GET", self._files["manifest"], what="manifest")):
            if time.monotonic() > ends_at:
                message = f"It still played {GONE_WITHIN_S:g} seconds after it was deleted."
                hint = "Does something in front of Gilfoyle keep answers that say no-store?"
                raise PathBroken(message, hint=hint)
            self._pause(ASK_EVERY_S)
        return "nobody plays it any more"

    def _call(self, method: str, path: str, **body: Any) -> httpx.Response:
        """Ask the API. Raises: PathBroken."""
        url = f"{self._base_url}/api/v1/{path}"
        return self._good(self._ask(method, url, what="API", headers=self._headers, **body), "API")

    def _fetch(self, what: str) -> httpx.Response:
        """Fetch what a player would. Raises: PathBroken."""
        return self._good(self._ask("GET", self._files[what], what=what, follow_redirects=True), what)

    def _ask(
        self, method: str, url: str, *, what: str, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        sent = dict(headers or {})
        if url.startswith(self._public_url) and self._base_url != self._public_url:
            url = self._base_url + url.removeprefix(self._public_url)
        if self._base_url != self._public_url and url.startswith(self._base_url):
            sent["Host"] = urlsplit(self._public_url).netloc
        try:
            return self._client.request(method, url, headers=sent, **more)
        except httpx.HTTPError as error:
            message = f"The {what} could not be reached ({type(error).__name__})."
            raise PathBroken(
                message, hint=f"Asked was {_origin(url)}: is Gilfoyle up there? {HINT}"
            ) from None

    def _good(self, answer: httpx.Response, what: str) -> httpx.Response:
        if answer.is_success:
            return answer
        try:
            told = answer.json()
            words, hint = f"{told['code']}: {told['title']}", str(told.get("hint", ""))
        except (ValueError, KeyError, TypeError):
            words, hint = "and not by Gilfoyle", ""
        message = f"The {what} answered {answer.status_code}, {words}"
        raise PathBroken(message.rstrip(".") + ".", hint=hint or HINT)


def _origin(url: str) -> str:
    return "/".join(url.split("/", 3)[:3])
