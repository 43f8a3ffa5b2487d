"""Manifests: gate, then render. The addresses are those of addresses.py; nothing else answers here."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from streaming.addresses import MASTER_NAME, MEDIA_PLAYLIST_NAME, FileClass, VideoAddress
from streaming.admission import admission
from streaming.answers import playback_answer, site_of
from streaming.errors import MediaNotFound, PlaybackForbidden
from streaming.gate import Site, Wish
from streaming.headers import ASK_AGAIN
from streaming.manifests.cache import ManifestName, get_presentation, get_rendered
from streaming.manifests.hls import render_master, render_media_playlist
from streaming.manifests.hls_text import render_text_playlist, with_text
from streaming.manifests.presentation import Presentation
from streaming.manifests.storyboard import render_storyboard
from streaming.text_tracks import find_track, get_tracks
from videos.catalog.selectors import get_storyboard

HLS_TYPE = "application/vnd.apple.mpegurl"
VTT_TYPE = "text/vtt; charset=utf-8"


def master_playlist(
    request: HttpRequest, token: str, project: str, video: str, revision: str
) -> HttpResponse:
    """Answer the multivariant playlist."""

    def render(presentation: Presentation) -> str:
        if not presentation.video and not presentation.audio:
            raise MediaNotFound("no_rendition")
        return with_text(render_master(presentation.for_newcomers()), presentation.text)

    wish = Wish(VideoAddress(token, project, video, revision))
    return _manifest(request, wish, MASTER_NAME, HLS_TYPE, render)


def media_playlist(
    request: HttpRequest, *, token: str, project: str, video: str, revision: str, rendition: str
) -> HttpResponse:
    """Answer one rendition's playlist."""

    def render(presentation: Presentation) -> str:
        found = presentation.find(rendition)
        if found is None:
            raise MediaNotFound("rendition")
        return render_media_playlist(found)

    wish = Wish(VideoAddress(token, project, video, revision), rendition=rendition)
    return _manifest(request, wish, f"{rendition}/{MEDIA_PLAYLIST_NAME}", HLS_TYPE, render)


def storyboard_map(request: HttpRequest, token: str, project: str, video: str, revision: str) -> HttpResponse:
    """Answer which tile of the storyboard belongs to which time."""
    wish = Wish(VideoAddress(token, project, video, revision), FileClass.IMAGE)

    def make() -> HttpResponse:
        policy = admission.admit(wish, site=site_of(request), now_s=time.time()).policy
        storyboard = get_storyboard(policy.video_id, policy.revision)
        if storyboard is None:
            raise MediaNotFound("storyboard")
        return _text_answer(request, render_storyboard(storyboard), VTT_TYPE)

    return playback_answer(request, wish.video, make)


def text_playlist(
    request: HttpRequest, *, token: str, project: str, video: str, revision: str, track: str
) -> HttpResponse:
    """Answer a text track's playlist."""

    def render(presentation: Presentation) -> str:
        if not presentation.end_s:
            raise MediaNotFound("no_rendition")
        # Not `is_complete`: a playlist that has ended stays so while larger sizes or further codecs are still growing.
        return render_text_playlist(
            presentation.end_s, is_complete=presentation.is_end_known, planned_s=presentation.planned_s
        )

    wish = Wish(VideoAddress(token, project, video, revision), FileClass.CAPTION)
    return _manifest(request, wish, f"text/{track}/{MEDIA_PLAYLIST_NAME}", HLS_TYPE, render, track_id=track)


def _manifest(
    request: HttpRequest,
    wish: Wish,
    file: str,
    content_type: str,
    render: Callable[[Presentation], str],
    *,
    track_id: str = "",
) -> HttpResponse:
    def make() -> HttpResponse:
        site, now_s = site_of(request), time.time()
        allowed = admission.admit(wish, site=site, now_s=now_s)
        claims, policy = allowed.claims, allowed.policy
        if track_id:
            find_track(policy.video_id, policy.revision, track_id)
        whole = get_presentation(policy.video_id, policy.revision)
        shown = whole.limited_to(claims.max_height)
        if file == MASTER_NAME and _may_read_text(wish.video, site, now_s):
            shown = shown.with_text(get_tracks(policy.video_id, policy.revision))
        name = ManifestName(policy.video_id, policy.revision, file, claims.max_height)
        return _text_answer(request, get_rendered(name, shown, lambda: render(shown)), content_type)

    return playback_answer(request, wish.video, make)


def _may_read_text(video: VideoAddress, site: Site, now_s: float) -> bool:
    """Tell whether the token opens text tracks too; a list of what is refused would be an error in every player."""
    try:
        admission.admit(Wish(video, FileClass.CAPTION), site=site, now_s=now_s)
    except PlaybackForbidden:
        return False
    return True


def _text_answer(request: HttpRequest, text: str, content_type: str) -> HttpResponse:
    body = text.encode()
    response = HttpResponse(body, content_type=content_type)
    response["ETag"] = f'"{hashlib.sha256(body).hexdigest()[:24]}"'
    response["Cache-Control"] = ASK_AGAIN
    # Gives back the response itself unless the caller has these bytes already.
    return get_conditional_response(request, etag=response["ETag"], response=response) or response
