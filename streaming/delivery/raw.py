"""Segments, init segments and pictures as a plain WSGI callable, in front of Django: gate, then the file.

No request cycle, no middleware: that is most of what a small answer costs. The bytes leave by the server's sendfile,
or by nginx where `playback.delivery` is `x_accel`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault, Refusal
from gilfoyle.lib.origins import normalize_origin
from gilfoyle.lib.storage import ObjectMissing
from streaming.addresses import StoredFile, parse_stored_file
from streaming.admission import Admission
from streaming.answers import METHOD_NOT_ALLOWED, log_problem, problem_body, problem_of
from streaming.delivery.caching import (
    LONGEST_KEPT_S,
    POSTER_KEPT_S,
    cache_control,
    is_range_usable,
    is_unchanged,
)
from streaming.delivery.ranges import Span, Unsatisfiable, parse_range
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
from videos import layout

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ACCEL_PREFIX = "/_media/"
IMAGE_TYPES = {"jpg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
Headers = list[tuple[str, str]]


class RawDelivery:
    """The dispatcher: addresses of stored files are answered here, everything else by `otherwise`."""

    def __init__(self, otherwise: WSGIApplication, *, admission: Admission, config: Config) -> None:
        self._otherwise = otherwise
        self._admission = admission
        self._allowed_origins = config.playback.allowed_origins
        self._own_origin = normalize_origin(config.public_url)
        self._is_accelerated = config.playback.delivery == "x_accel"

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        file = parse_stored_file(environ.get("PATH_INFO", ""))
        if file is None:
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
        wish = Wish(file.video, file.file_class, file.rendition)
        allowed = self._admission.admit(wish, site=self._site(answer.environ), now_s=now_s)
        name = stored_name(file, allowed)
        longest_s = POSTER_KEPT_S if file.image_kind == "poster" else LONGEST_KEPT_S
        kept = cache_control(expires_at_s=allowed.claims.expires_at_s, now_s=now_s, longest_s=longest_s)
        headers = [("Content-Type", content_type(file)), ("Cache-Control", kept)]
        if self._is_accelerated:
            return answer.empty(HTTPStatus.OK, [*headers, ("X-Accel-Redirect", ACCEL_PREFIX + quote(name))])
        try:
            stored = open_object(name, f"{allowed.policy.revision}-{name.rsplit('/', 2)[1]}-{file.number}")
        except ObjectMissing:
            raise MediaNotFound("object") from None
        return answer.object(stored, headers)

    def _site(self, environ: WSGIEnvironment) -> Site:
        headers = {
            "Origin": environ.get("HTTP_ORIGIN", ""),
            "Referer": environ.get("HTTP_REFERER", ""),
            "Sec-Fetch-Site": environ.get("HTTP_SEC_FETCH_SITE", ""),
        }
        return read_site(headers, self._own_origin)


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
    """Return the media type of a stored file; audio renditions are named a0, a1, …"""
    if file.image is not None:
        return IMAGE_TYPES[file.image.rpartition(".")[2]]
    # RFC 4337 types, which all players and browsers' opaque-response checks take for CMAF.
    return "audio/mp4" if (file.rendition or "").startswith("a") else "video/mp4"


class _Answer:
    """One answer in the making."""

    def __init__(self, environ: WSGIEnvironment, start_response: StartResponse, shared: Headers) -> None:
        self.environ = environ
        self._start_response = start_response
        self._shared = shared

    def _start(self, status: HTTPStatus, headers: Headers) -> None:
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

    def object(self, stored: StoredObject, headers: Headers) -> Iterable[bytes]:
        """Answer with an object, or with the span of it that is asked for."""
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
        return self._send(stored, span, headers)

    def _wanted_span(self, stored: StoredObject) -> Span | None:
        # Ranges mean something for GET alone (RFC 9110, 14.2).
        is_get = self.environ["REQUEST_METHOD"] == "GET"
        if not is_get or not is_range_usable(self.environ.get("HTTP_IF_RANGE"), stored.etag):
            return None
        return parse_range(self.environ.get("HTTP_RANGE"), stored.size_bytes)

    def _send(self, stored: StoredObject, span: Span | None, headers: Headers) -> Iterable[bytes]:
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
        body = SpanReader(stored.stream, sent)
        wrap: Callable[[Any, int], Iterable[bytes]] | None = self.environ.get("wsgi.file_wrapper")
        return wrap(body, BLOCK_BYTES) if wrap is not None else body
