"""The ways in which a private video might get out, each as requests that must bring nothing. Pure.

A request succeeds as a theft where its answer holds what only the canary holds: a mark in its bytes, a playlist, a
listing. A status alone proves nothing: some sites answer everything with a page of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

REFUSED: Final = "refused"
STOLEN: Final = "stolen"
PLAYED: Final = "played"  # as a control must
FAILED: Final = "failed"
NOT_REACHED: Final = "not_reached"
Result = Literal["refused", "stolen", "played", "failed", "not_reached"]
FOLDERS = ("", "media/", "_media/", "static/", "data/media/", "data/", "files/", "storage/", "uploads/")
LATEST = 4102444800  # far from now, in seconds since 1970
CONTROLS = frozenset({"right_token", "right_api_key", "bucket_signed"})


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `shows` are the texts of which any gives the canary away; `is_key`: 16 bytes do."""

    url: str
    shows: tuple[bytes, ...] = ()
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `status` None: nothing did, and `words` say why."""

    status: int | None
    data: bytes = b""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """One way in, by name, and its requests."""

    name: str
    requests: tuple[Request, ...]

    @property
    def is_control(self) -> bool:
        """Whether it must succeed, so that the refusals of the others mean something."""
        return self.name in CONTROLS


@dataclass(frozen=True, slots=True)
class Target:
    """The canary as a thief knows it. `tokens` by name; `right` opens it."""

    base_url: str
    project_id: str
    video_id: str
    revision: str
    rendition: str
    mark: bytes
    objects: Mapping[str, str]  # segment, init, poster, source → names in the store
    tokens: Mapping[str, str]
    api_key: str  # of another project, whose id it is
    stranger_id: str

    def files(self, token: str | None) -> Iterator[Request]:
        """Yield what a player asks for, below a token or (None) without any."""
        door = f"{self.base_url}/play/" + (f"{token}/" if token is not None else "")
        folder = f"{door}{self.project_id}/{self.video_id}/{self.revision}/"
        for name in (f"{self.rendition}/00000.m4s", f"{self.rendition}/init.mp4", "poster.jpg"):
            yield Request(folder + name, (self.mark,))
        for name in ("master.m3u8", f"{self.rendition}/index.m3u8"):
            yield Request(folder + name, (b"#EXTM3U",))
        yield Request(folder + f"{self.rendition}/key", is_key=True)

    def stolen_files(self, token: str | None) -> Iterator[Request]:
        """Yield the same and what else must stay closed."""
        yield from self.files(token)
        door = f"{self.base_url}/play/" + (f"{token}/" if token is not None else "")
        folder = f"{door}{self.project_id}/{self.video_id}/{self.revision}/"
        yield Request(folder + "manifest.mpd", (b"<MPD",))
        yield Request(folder + f"{self.rendition}/", (b"00000.m4s",))


def plan_tries(target: Target) -> list[Try]:
    """Return all tries, the controls first."""
    return [
        Try("right_token", tuple(target.files(target.tokens["right"]))),
        Try("right_api_key", (_api(target, "account", target.stranger_id.encode(), has_key=True),)),
        Try("no_token", tuple(target.stolen_files(None))),
        *(
            Try(name, tuple(target.stolen_files(token)))
            for name, token in target.tokens.items()
            if name != "right"
        ),
        Try("guessed_path", tuple(_guessed(target))),
        Try("listing", tuple(_listings(target))),
        Try("other_projects_key", tuple(_asked(target, has_key=True))),
        Try("no_api_key", tuple(_asked(target, has_key=False))),
    ]


def plan_bucket_tries(target: Target, *, addresses: Iterable[str], signed: str) -> list[Try]:
    """Return the tries at a bucket, by its addresses (without closing slash); `signed` is the control."""
    requests = []
    for address in addresses:
        requests += [Request(f"{address}/{name}", (target.mark,)) for name in target.objects.values()]
        listings = ("/", "/?list-type=2&max-keys=5", "/?list-type=2&prefix=renditions/", "/?versions")
        requests += [Request(address + query, (b"<Key>",)) for query in listings]
    return [
        Try("bucket_signed", (Request(signed, (target.mark,)),)),
        Try("bucket_address", tuple(requests)),
    ]


def plan_cdn_tries(target: Target, cdn_url: str) -> list[Try]:
    """Return the tries at a CDN, without a signature and with one that is none. That it plays, redirects have shown."""
    paths = [f"/{name}" for name in target.objects.values()]
    signed = [f"/{LATEST}/{'A' * 22}{path}" for path in paths]
    requests = [Request(cdn_url + path, (target.mark,)) for path in (*paths, *signed)]
    listing = target.objects["segment"].rpartition("/")[0]
    return [Try("cdn_address", (*requests, Request(f"{cdn_url}/{listing}/", (b"00000.m4s",))))]


def _guessed(target: Target) -> Iterator[Request]:
    for name in (target.objects["segment"], target.objects["source"]):
        for folder in FOLDERS:
            yield Request(f"{target.base_url}/{folder}{name}", (target.mark,))
        for climb in (
            "static/..%2f..%2fmedia/",
            "static/%2e%2e/media/",
            "_media/..%2fmedia/",
            "static/../media/",
        ):
            yield Request(f"{target.base_url}/{climb}{name}", (target.mark,))


def _listings(target: Target) -> Iterator[Request]:
    for folder in FOLDERS:
        place = f"{target.base_url}/{folder}"
        yield Request(place, (b'href="renditions/', b'href="sources/', b'href="media/'))
        # Only what the address itself does not say: pages may repeat that.
        yield Request(f"{place}renditions/{target.project_id}/", (target.video_id.encode(),))
        yield Request(f"{place}{target.objects['segment'].rpartition('/')[0]}/", (b"00000.m4s",))


def _asked(target: Target, *, has_key: bool) -> Iterator[Request]:
    of_video = f"videos/{target.video_id}"
    yield _api(target, of_video, target.mark, has_key=has_key)
    yield _api(target, "videos", target.mark, has_key=has_key)
    yield _api(target, f"{of_video}/renditions", target.rendition.encode() + b'"', has_key=has_key)
    yield _api(target, f"{of_video}/usage", b'"total"', has_key=has_key)
    yield _api(target, f"{of_video}/playback", b'"hls_url"', has_key=has_key, method="POST")


def _api(target: Target, path: str, shows: bytes, *, has_key: bool, method: str = "GET") -> Request:
    headers = {"Authorization": f"Bearer {target.api_key}"} if has_key else {}
    return Request(f"{target.base_url}/api/v1/{path}", (shows,), method, headers)


def judge(one: Try, answers: Iterable[Answer]) -> tuple[Result, str]:
    """Return what a try came to, and in words where and why."""
    pairs = list(zip(one.requests, answers, strict=True))
    given = [(request, answer) for request, answer in pairs if gives_away(request, answer)]
    if one.is_control:
        lacking = next((answer for request, answer in pairs if not gives_away(request, answer)), None)
        return (PLAYED, "") if lacking is None else (FAILED, _words(lacking))
    if given:
        return STOLEN, path_of(given[0][0].url)
    # A server in trouble refuses everything: that proves nothing.
    silent = next((answer for _, answer in pairs if answer.status is None or answer.status >= 500), None)
    return (REFUSED, "") if silent is None else (NOT_REACHED, _words(silent))


def gives_away(request: Request, answer: Answer) -> bool:
    """Tell whether an answer holds what it must not (of a control: must)."""
    if answer.status is None or not 200 <= answer.status < 300:
        return False
    if request.is_key:
        return len(answer.data) == 16
    return any(text in answer.data for text in request.shows)


def _words(answer: Answer) -> str:
    return answer.words or (
        f"answered {answer.status}" if answer.status != 200 else "answered something else"
    )


def path_of(url: str) -> str:
    """Return where a request went, without a token or a signature in it."""
    path = "/" + url.split("?", 1)[0].split("/", 3)[3]
    parts = path.split("/")
    if parts[1] == "play" and "." in parts[2]:
        parts[2] = "~"
    return "/".join(parts)


def conclude(results: Mapping[str, Result]) -> Literal["passed", "exposed", "inconclusive"]:
    """Return what all tries together came to: one theft is enough, and nothing is green that was not tried."""
    if STOLEN in results.values():
        return "exposed"
    if FAILED in results.values() or NOT_REACHED in results.values():
        return "inconclusive"
    return "passed"
