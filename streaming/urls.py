"""Addresses under Django: `api_urlpatterns` below /api/v1/, `urlpatterns` at the root.

Segments, init segments and pictures are not here: delivery/raw.py answers them before Django is asked.
"""

from __future__ import annotations

from django.urls import path, re_path

from streaming.addresses import PROJECT, RENDITION, REVISION, SEGMENT, TOKEN, TRACK, VIDEO
from streaming.delivery.text import text_file, text_segment
from streaming.manifests.views import master_playlist, media_playlist, storyboard_map, text_playlist
from streaming.player.views import embed_page
from streaming.tokens.views import VideoPlayback

_VIDEO = rf"(?P<token>{TOKEN})/(?P<project>{PROJECT})/(?P<video>{VIDEO})"
_REVISION = rf"^play/{_VIDEO}/(?P<revision>{REVISION})"
_TEXT = rf"{_REVISION}/text/(?P<track>{TRACK})"

api_urlpatterns = [path("videos/<str:video_id>/playback", VideoPlayback.as_view())]

urlpatterns = [
    re_path(rf"{_REVISION}/master\.m3u8$", master_playlist),
    re_path(rf"{_REVISION}/(?P<rendition>{RENDITION})/index\.m3u8$", media_playlist),
    re_path(rf"{_REVISION}/storyboard\.vtt$", storyboard_map),
    re_path(rf"{_TEXT}/index\.m3u8$", text_playlist),
    re_path(rf"{_TEXT}/(?P<number>{SEGMENT})\.vtt$", text_segment),
    re_path(rf"{_TEXT}\.vtt$", text_file),
    re_path(rf"^embed/{_VIDEO}$", embed_page, name="embed"),
]
