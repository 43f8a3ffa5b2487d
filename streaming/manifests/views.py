"""Manifests: gate, then render. The addresses are those of addresses.py; nothing else answers here."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import get_conditional_response

from gilfoyle.lib.config import Config
from streaming.addresses import (
    DASH_NAME,
    KEY_FRAMES_NAME,
    MASTER_NAME,
    MEDIA_PLAYLIST_NAME,
    FileClass,
    VideoAddress,
    media_type,
)
from streaming.admission import admission
from streaming.answers import playback_answer, site_of
from streaming.chapters import chapters_of
from streaming.counting.counter import get_counter
from streaming.errors import MediaNotFound, PlaybackForbidden
from streaming.gate import Allowed, Site, Wish
from streaming.headers import ASK_AGAIN
from streaming.manifests.cache import ManifestName, get_presentation, get_rendered
from streaming.manifests.dash import render_mpd
from streaming.manifests.hls import render_master, render_media_playlist, shared_of
from streaming.manifests.hls_addresses import place_segments
from streaming.manifests.hls_chapters import render_chapters, with_chapters
from streaming.manifests.hls_key_frames import has_key_frames, render_key_frames_playlist, with_key_frames
from streaming.manifests.hls_text import render_text_clip, render_text_playlist, with_text
from streaming.manifests.presentation import Presentation
from streaming.manifests.storyboard import render_storyboard
from streaming.outside import find_playlist_validity, find_signer
from streaming.text_tracks import find_track, get_tracks
from videos.catalog.selectors import get_storyboard
from videos.layout import rendition_folder

HLS_TYPE = "application/vnd.apple.mpegurl"
DASH_TYPE = "application/dash+xml"
JSON_TYPE = "application/json"
VTT_TYPE = "text/vtt; charset=utf-8"

WHOLE = (MASTER_NAME, DASH_NAME)  # what names everything that there is


def master_playlist(
    request: HttpRequest, token: str, project: str, video: str, revision: str
) -> HttpResponse:
    """Answer the multivariant playlist."""

    def render(presentation: Presentation) -> str:
        if not presentation.video and not presentation.audio:
            raise MediaNotFound("no_rendition")
        shown = presentation.for_newcomers()
        text = with_key_frames(with_text(render_master(shown), shown.text), shown.video)
        return with_chapters(text) if shown.has_chapters else text

    wish = Wish(VideoAddress(token, project, video, revision))
    return _manifest(request, wish, MASTER_NAME, HLS_TYPE, render)


def dash_manifest(request: HttpRequest, token: str, project: str, video: str, revision: str) -> HttpResponse:
    """Answer the DASH manifest, of what is encoded."""

    def render(presentation: Presentation) -> str:
        shown = presentation.without_stopgap().for_newcomers()
        is_nothing_encoded = bool(presentation.video) and not shown.video
        if is_nothing_encoded or not (shown.video or shown.audio):
            raise MediaNotFound("no_rendition")
        if shown.is_encrypted:
            raise MediaNotFound("encrypted")  # nothing in DASH could name the keys
        return render_mpd(shown, now=timezone.now())

    wish = Wish(VideoAddress(token, project, video, revision))
    return _manifest(request, wish, DASH_NAME, DASH_TYPE, render)


def media_playlist(
    request: HttpRequest, *, token: str, project: str, video: str, revision: str, rendition: str
) -> HttpResponse:
    """Answer one rendition's playlist."""

    def render(presentation: Presentation) -> str:
        found = presentation.find(rendition)
        if found is None:
            raise MediaNotFound("rendition")
        return render_media_playlist(found, presentation.clip, shared=shared_of(presentation))

    wish = Wish(VideoAddress(token, project, video, revision), rendition=rendition)
    return _manifest(request, wish, f"{rendition}/{MEDIA_PLAYLIST_NAME}", HLS_TYPE, render)


def key_frames_playlist(
    request: HttpRequest, *, token: str, project: str, video: str, revision: str, rendition: str
) -> HttpResponse:
    """Answer the playlist of one rendition's key frames, for those who run through a film."""

    def render(presentation: Presentation) -> str:
        found = presentation.find(rendition)
        if found is None or not has_key_frames(found):
            raise MediaNotFound("key_frames")
        return render_key_frames_playlist(found, shared=shared_of(presentation))

    wish = Wish(VideoAddress(token, project, video, revision), rendition=rendition)
    return _manifest(request, wish, f"{rendition}/{KEY_FRAMES_NAME}", HLS_TYPE, render)


def storyboard_map(request: HttpRequest, token: str, project: str, video: str, revision: str) -> HttpResponse:
    """Answer which tile of the storyboard belongs to which time."""
    wish = Wish(VideoAddress(token, project, video, revision), FileClass.IMAGE, is_of_all=True)

    def make() -> HttpResponse:
        policy = admission.admit(wish, site=site_of(request), now_s=time.time()).policy
        storyboard = get_storyboard(policy.video_id, policy.revision)
        if storyboard is None:
            raise MediaNotFound("storyboard")
        return _text_answer(request, render_storyboard(storyboard), VTT_TYPE)

    return playback_answer(request, wish.video, make)


def chapters_file(request: HttpRequest, token: str, project: str, video: str, revision: str) -> HttpResponse:
    """Answer where chapters begin, and what they are called."""
    wish = Wish(VideoAddress(token, project, video, revision), FileClass.CAPTION, is_of_all=True)

    def make() -> HttpResponse:
        policy = admission.admit(wish, site=site_of(request), now_s=time.time()).policy
        chapters = chapters_of(policy.video_id)
        if not chapters:
            raise MediaNotFound("chapters")
        return _text_answer(request, render_chapters(chapters), JSON_TYPE)

    return playback_answer(request, wish.video, make)


def text_playlist(
    request: HttpRequest, *, token: str, project: str, video: str, revision: str, track: str
) -> HttpResponse:
    """Answer a text track's playlist."""

    def render(presentation: Presentation) -> str:
        if not presentation.end_s:
            raise MediaNotFound("no_rendition")
        if presentation.clip is not None:
            return render_text_clip(
                presentation.clip,
                begin_s=presentation.origin_s,
                end_s=presentation.origin_s + Fraction(presentation.end_s),
                is_complete=presentation.is_end_known,
                shared=shared_of(presentation),
            )
        # Not `is_complete`: a playlist that has ended stays so while larger sizes or further codecs are still growing.
        return render_text_playlist(
            presentation.end_s,
            is_complete=presentation.is_end_known,
            shared=shared_of(presentation),
            planned_s=presentation.planned_s,
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
        shown = whole.limited_to(claims.max_height).cut_to(claims.clip)
        if file in WHOLE and _may_read(FileClass.CAPTION, wish.video, site, now_s):
            shown = shown.with_text(get_tracks(policy.video_id, policy.revision))
            if claims.clip is None and chapters_of(policy.video_id):
                shown = shown.with_chapters()
        if file == DASH_NAME and not _may_read(FileClass.IMAGE, wish.video, site, now_s):
            shown = shown.without_storyboard()
        name = ManifestName(policy.video_id, policy.revision, file, claims.max_height, clip=claims.clip)
        text = get_rendered(name, shown, lambda: render(shown))
        if wish.rendition is not None:
            placed = _placed(text, name, shown, wish.rendition, allowed, now_s)
            if placed != text and request.method == "GET" and file.endswith(f"/{MEDIA_PLAYLIST_NAME}"):
                _count(wish.video, allowed)
            text = placed
        return _text_answer(request, text, content_type)

    return playback_answer(request, wish.video, make)


def _placed(
    playlist: str,
    name: ManifestName,
    shown: Presentation,
    rendition: str,
    allowed: Allowed,
    now_s: float,
) -> str:
    """Return a rendition's playlist with the addresses that its segments have elsewhere, where the settings want that."""
    config: Config = settings.GILFOYLE
    validity = find_playlist_validity(config, expires_at_s=allowed.claims.expires_at_s, now_s=now_s)
    signer = find_signer(config)
    if validity is None or signer is None:
        return playlist
    policy = allowed.policy
    folder = rendition_folder(policy.project_id, policy.video_id, policy.revision, rendition)
    signed = replace(name, validity=validity)
    return get_rendered(
        signed,
        shown,
        lambda: place_segments(
            playlist,
            lambda file: signer.sign(f"{folder}/{file}", validity, content_type=media_type(rendition)),
        ),
    )


def _count(video: VideoAddress, allowed: Allowed) -> None:
    """Count the play of a video whose segments nobody asks for here."""
    counter = get_counter()
    if counter is not None:
        counter.note_playlist(video, allowed)


def _may_read(file_class: FileClass, video: VideoAddress, site: Site, now_s: float) -> bool:
    """Tell whether the token opens these too; a list of what is refused would be an error in every player."""
    try:
        admission.admit(Wish(video, file_class), site=site, now_s=now_s)
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
