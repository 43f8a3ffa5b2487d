"""Segments, init segments and pictures as a plain WSGI callable, in front of Django: gate, then the file.

No request cycle, no middleware: that is most of what a small answer costs. The bytes leave by the server's sendfile,
or by nginx where `playback.delivery` is `x_accel`, or from a bucket or CDN that the viewer is sent to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault, Refusal
from gilfoyle.lib.origins import normalize_origin
from gilfoyle.lib.storage import ObjectMissing
from streaming.addresses import StoredFile, media_type, parse_stored_file
from streaming.admission import Admission
from streaming.answers import METHOD_NOT_ALLOWED, log_problem, problem_body, problem_of
from streaming.counting.counter import PlayCounter
from streaming.delivery.caching import (
    LONGEST_KEPT_S,
    POSTER_KEPT_S,
    cache_control,
    is_range_usable,
    is_unchanged,
)
from streaming.delivery.pictures import open_picture
from streaming.delivery.ranges import Span, Unsatisfiable, parse_range
from streaming.delivery.remembering import (
    REMEMBERED_S,
    STANDING_HEADER,
    Remembering,
    parse_standing_path,
)
from streaming.delivery.stored_body import BLOCK_BYTES, SpanReader, StoredObject, open_object
from streaming.errors import MediaNotFound
from streaming.gate import Allowed, Site, Wish, read_site
from streaming.headers import (
    METHODS,
    NO_STORE,
    PROBLEM_TYPE,
    SAFETY_HEADERS,
    cors_headers,
    preflight_headers,
)
from streaming.metrics import MEDIA_ANSWERS, MEDIA_BYTES
from streaming.outside import find_signer
from streaming.presigning import Signer, plan_validity
from streaming.running_sends import RunningSends
from videos import layout

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ACCEL_PREFIX = "/_media/"
STANDING_VARIABLE = "HTTP_" + STANDING_HEADER.upper().replace("-", "_")
MEDIA_SENT = {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}
IMAGE_TYPES = {"jpg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
Headers = list[tuple[str, str]]
_STATUS_WORDS = {int(status): str(int(status)) for status in HTTPStatus}
BEGINNING_ALONE = re.compile(r"bytes=0-[0-9]+\s*\Z", re.ASCII)
BeginSend = Callable[[], Callable[[], None]]  # returns what tells its end


class RawDelivery:
    """The dispatcher: addresses of stored files are answered here, everything else by `otherwise`."""

    def __init__(
        self,
        otherwise: WSGIApplication,
        *,
        admission: Admission,
        sends: RunningSends,
        config: Config,
        counter: PlayCounter | None = None,
    ) -> None:
        self._otherwise = otherwise
        self._counter = counter  # None: plays are not counted
        self._admission = admission
        self._sends = sends
        self._allowed_origins = config.playback.allowed_origins
        self._own_origin = normalize_origin(config.public_url)
        self._is_accelerated = config.playback.delivery == "x_accel" and not config.storage.also_read
        self._signer, self._window_s = find_signer(config), config.playback.address_window_s

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        file = parse_stored_file(environ.get("PATH_INFO", ""))
        if file is None:
            named = parse_standing_path(environ.get("PATH_INFO", "")) if self._is_accelerated else None
            if named is not None:
                return self._tell_standing(_Answer(environ, start_response, []), *named)
            return self._otherwise(environ, start_response)
        answer = _Answer(environ, start_response, self._shared_headers(environ))
        method = environ["REQUEST_METHOD"]
        if method == "OPTIONS":
            origin = environ.get("HTTP_ORIGIN")
            return answer.empty(HTTPStatus.NO_CONTENT, preflight_headers(origin, self._allowed_origins))
        if method not in {"GET", "HEAD"}:
            body = problem_body(405, "method_not_allowed", METHOD_NOT_ALLOWED)
            return answer.problem_body(HTTPStatus.METHOD_NOT_ALLOWED, body, [("Allow", METHODS)])
        try:
            return self._serve(file, answer)
        except (Refusal, Fault) as error:
            log_problem(error, file.video)
            return answer.problem(error)

    def _shared_headers(self, environ: WSGIEnvironment) -> Headers:
        if environ["REQUEST_METHOD"] == "OPTIONS":
            return [*SAFETY_HEADERS]
        return [*SAFETY_HEADERS, *cors_headers(environ.get("HTTP_ORIGIN"), self._allowed_origins)]

    def _serve(self, file: StoredFile, answer: _Answer) -> Iterable[bytes]:
        now_s = time.time()
        wish = Wish.of(file)
        site = self._site(answer.environ)
        asked = answer.environ.get(STANDING_VARIABLE) if self._is_accelerated else None
        remembering = Remembering(self._admission, file.video, asked) if asked else None
        allowed = self._admission.admit(wish, site=site, now_s=now_s)
        name = stored_name(file, allowed)
        longest_s = POSTER_KEPT_S if file.image_kind == "poster" else LONGEST_KEPT_S
        # Who is told a remembered answer is told the same time to keep, up to a minute later.
        ends_at_s = allowed.claims.expires_at_s - (REMEMBERED_S if remembering else 0)
        kept = cache_control(expires_at_s=ends_at_s, now_s=now_s, longest_s=longest_s)
        headers = [("Content-Type", content_type(file)), ("Cache-Control", kept)]
        is_sealed = file.image is not None and allowed.policy.is_encrypted  # no player could open it
        if not is_sealed and (self._is_accelerated or self._signer is not None):
            remembered = [] if remembering is None else _remembered(remembering.seconds(allowed, now_s))
            self._count(file, allowed, answer)
            if self._signer is not None:
                return self._send_away(self._signer, name, answer, now_s, content_type(file))
            there = ("X-Accel-Redirect", ACCEL_PREFIX + quote(name))
            return answer.empty(HTTPStatus.OK, [*headers, there, *remembered])
        try:
            version = f"{allowed.policy.revision}-{name.rsplit('/', 2)[1]}-{file.number}"
            stored = open_picture(name, allowed.policy) if is_sealed else open_object(name, version)
        except ObjectMissing:
            raise MediaNotFound("object") from None
        connection = answer.environ.get("gunicorn.socket")
        body = answer.object(stored, headers, lambda: self._sends.begin(connection, wish, site, now_s))
        if answer.status in MEDIA_SENT:
            self._count(file, allowed, answer)
        return body

    def _tell_standing(self, answer: _Answer, project_id: str, video_id: str) -> Iterable[bytes]:
        """Answer an nginx in front; it keeps viewers away from here."""
        try:
            standing = self._admission.standing(project_id, video_id)
        except Fault as error:
            return answer.problem(error)
        headers = [("Content-Type", "text/plain"), ("Cache-Control", NO_STORE)]
        return answer.empty(HTTPStatus.OK, [*headers, (STANDING_HEADER, standing.name)])

    def _send_away(
        self, signer: Signer, name: str, answer: _Answer, now_s: float, kind: str
    ) -> Iterable[bytes]:
        # Good for whoever holds it, so it lives for minutes and not as long as the token.
        validity = plan_validity(now_s, self._window_s)
        there = signer.sign(name, validity, content_type=kind, method=answer.environ["REQUEST_METHOD"])
        headers = [("Content-Type", kind), ("Location", there), ("Cache-Control", NO_STORE)]
        return answer.empty(HTTPStatus.FOUND, headers)

    def _count(self, file: StoredFile, allowed: Allowed, answer: _Answer) -> None:
        # Who runs through a film reads the beginning of its segments (manifests/hls_key_frames.py), and watches none.
        is_glimpse = BEGINNING_ALONE.match(answer.environ.get("HTTP_RANGE", "")) is not None
        if self._counter is not None and answer.environ["REQUEST_METHOD"] == "GET" and not is_glimpse:
            self._counter.note(file, allowed)

    def _site(self, environ: WSGIEnvironment) -> Site:
        headers = {
            "Origin": environ.get("HTTP_ORIGIN", ""),
            "Referer": environ.get("HTTP_REFERER", ""),
            "Sec-Fetch-Site": environ.get("HTTP_SEC_FETCH_SITE", ""),
        }
        return read_site(headers, self._own_origin)


def _remembered(seconds: int) -> Headers:
    return [("X-Accel-Expires", str(seconds))]


def stored_name(file: StoredFile, allowed: Allowed) -> str:
    """Return the object's name: made of what the gate let through, never of the path as it came.

    Raises: MediaNotFound for a picture that the video does not have.
    """
    policy = allowed.policy
    if file.image_kind is not None:
        images = policy.find_images(file.image_kind)
        if images is None:
            raise MediaNotFound(file.image_kind)
        folder = layout.image_folder(
            policy.project_id, policy.video_id, policy.revision, images.kind, images.version
        )
        return f"{folder}/{file.image}"
    if file.rendition is None:
        raise MediaNotFound("rendition")
    folder = layout.rendition_folder(policy.project_id, policy.video_id, policy.revision, file.rendition)
    return layout.init_name(folder) if file.number is None else layout.segment_name(folder, file.number)


def content_type(file: StoredFile) -> str:
    """Return the media type of a stored file."""
    if file.image is not None:
        return IMAGE_TYPES[file.image.rpartition(".")[2]]
    return media_type(file.rendition or "")


class _Answer:
    """One answer in the making."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse, shared: Headers) -> None:
        self.environ = environ
        self._start_response = start_response
        self._shared = shared
        self.status = HTTPStatus.OK

    def _start(self, status: HTTPStatus, headers: Headers) -> None:
        self.status = status
        MEDIA_ANSWERS.add(_STATUS_WORDS[int(status)])
        self._start_response(f"{status.value} {status.phrase}", [*headers, *self._shared])

    def empty(self, status: HTTPStatus, headers: Headers) -> Iterable[bytes]:
        """Answer without a body."""
        length = (
            [] if status in {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED} else [("Content-Length", "0")]
        )
        self._start(status, [*headers, *length])
        return []

    def problem(self, error: Refusal | Fault) -> Iterable[bytes]:
        """Answer a foreseen error."""
        status, body = problem_of(error)
        return self.problem_body(HTTPStatus(status), body)

    def problem_body(
        self, status: HTTPStatus, body: bytes, headers: Headers | None = None
    ) -> Iterable[bytes]:
        """Answer with a problem+json document that nobody keeps."""
        fixed = [
            ("Content-Type", PROBLEM_TYPE),
            ("Cache-Control", NO_STORE),
            ("Content-Length", str(len(body))),
        ]
        self._start(status, [*fixed, *(headers or [])])
        return [] if self.environ["REQUEST_METHOD"] == "HEAD" else [body]

    def object(self, stored: StoredObject, headers: Headers, begin: BeginSend) -> Iterable[bytes]:
        """Answer with an object, or with the span of it that is asked for; `begin` is told when bytes are to leave."""
        headers = [*headers, ("ETag", stored.etag), ("Accept-Ranges", "bytes")]
        if is_unchanged(self.environ.get("HTTP_IF_NONE_MATCH"), stored.etag):
            stored.stream.close()
            return self.empty(HTTPStatus.NOT_MODIFIED, [one for one in headers if one[0] != "Content-Type"])
        try:
            span = self._wanted_span(stored)
        except Unsatisfiable:
            stored.stream.close()
            body = problem_body(416, "range_not_satisfiable", "The file does not have these bytes.")
            beyond = [("Content-Range", f"bytes */{stored.size_bytes}")]
            return self.problem_body(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, body, beyond)
        return self._send(stored, span, headers, begin)

    def _wanted_span(self, stored: StoredObject) -> Span | None:
        # Ranges mean something for GET alone (RFC 9110, 14.2).
        is_get = self.environ["REQUEST_METHOD"] == "GET"
        if not is_get or not is_range_usable(self.environ.get("HTTP_IF_RANGE"), stored.etag):
            return None
        return parse_range(self.environ.get("HTTP_RANGE"), stored.size_bytes)

    def _send(
        self, stored: StoredObject, span: Span | None, headers: Headers, begin: BeginSend
    ) -> Iterable[bytes]:
        whole = Span(0, stored.size_bytes - 1)
        sent = span or whole
        headers = [*headers, ("Content-Length", str(sent.length))]
        if span is None:
            self._start(HTTPStatus.OK, headers)
        else:
            self._start(
                HTTPStatus.PARTIAL_CONTENT,
                [*headers, ("Content-Range", span.content_range(stored.size_bytes))],
            )
        if self.environ["REQUEST_METHOD"] == "HEAD":
            stored.stream.close()
            return []
        MEDIA_BYTES.add(amount=sent.length)
        body = SpanReader(stored.stream, sent)
        body.on_close = begin()  # until then it may be cut (running_sends.py)
        wrap: Callable[[Any, int], Iterable[bytes]] | None = self.environ.get("wsgi.file_wrapper")
        return wrap(body, BLOCK_BYTES) if wrap is not None else body
