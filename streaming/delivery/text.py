"""Text tracks as WebVTT: the whole file, and segments that are cut out of it on request."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from streaming.addresses import FileClass, VideoAddress
from streaming.admission import admission
from streaming.answers import playback_answer, site_of
from streaming.clip_windows import windows
from streaming.clips import cut_cues
from streaming.delivery.caching import cache_control
from streaming.errors import MediaNotFound
from streaming.gate import Allowed, Wish
from streaming.text_tracks import find_track, get_cues
from videos.tracks.cues import LATEST_MS, Cue
from videos.tracks.segmenting import SEGMENT_S, write_segment
from videos.tracks.webvtt import write_webvtt

VTT_TYPE = "text/vtt; charset=utf-8"
LAST_NUMBER = LATEST_MS // (SEGMENT_S * 1000)


def text_file(
    request: HttpRequest, *, token: str, project: str, video: str, revision: str, track: str
) -> HttpResponse:
    """Answer a whole track."""

    def write(cues: Sequence[Cue], allowed: Allowed) -> str:
        clip, policy = allowed.claims.clip, allowed.policy
        if clip is None:
            return write_webvtt(cues)
        # Nothing in the file could tell players where in the video they are: it counts as they do.
        origin_ms = windows.origin_ms(policy.video_id, policy.revision, clip)
        return write_webvtt(cut_cues(cues, clip, origin_ms=origin_ms))

    wish = Wish(VideoAddress(token, project, video, revision), FileClass.CAPTION)
    return _answer(request, wish, track, write)


def text_segment(
    request: HttpRequest, *, token: str, project: str, video: str, revision: str, track: str, number: str
) -> HttpResponse:
    """Answer what a track says in one segment's time."""

    def write(cues: Sequence[Cue], allowed: Allowed) -> str:
        if int(number) > LAST_NUMBER:
            raise MediaNotFound("segment")
        clip = allowed.claims.clip
        return write_segment(cues if clip is None else cut_cues(cues, clip), int(number))

    address = VideoAddress(token, project, video, revision)
    return _answer(request, Wish(address, FileClass.CAPTION, segment=int(number)), track, write)


def _answer(
    request: HttpRequest, wish: Wish, track_id: str, write: Callable[[Sequence[Cue], Allowed], str]
) -> HttpResponse:
    def make() -> HttpResponse:
        now_s = time.time()
        allowed = admission.admit(wish, site=site_of(request), now_s=now_s)
        track = find_track(allowed.policy.video_id, allowed.policy.revision, track_id)
        body = write(get_cues(track), allowed).encode()
        response = HttpResponse(body, content_type=VTT_TYPE)
        response["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
        response["Cache-Control"] = cache_control(expires_at_s=allowed.claims.expires_at_s, now_s=now_s)
        # Gives back the response itself unless the caller has these bytes already.
        return get_conditional_response(request, etag=response["ETag"], response=response) or response

    return playback_answer(request, wish.video, make)
