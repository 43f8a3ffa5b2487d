"""Addresses under Django: `api_urlpatterns` below /api/v1/, `urlpatterns` at the root.

Segments, init segments and pictures are not here: delivery/raw.py answers them before Django is asked.
"""

from __future__ import annotations

import re

from django.urls import path, re_path
from django.views.decorators.csrf import csrf_exempt

from streaming.addresses import PROJECT, REFRESH_NAME, RENDITION, REVISION, SEGMENT, TOKEN, TRACK, VIDEO
from streaming.delivery.keys import rendition_key
from streaming.delivery.text import text_file, text_segment
from streaming.explain.views import ExplainPlayback
from streaming.manifests.views import (
    chapters_file,
    dash_manifest,
    key_frames_playlist,
    master_playlist,
    media_playlist,
    storyboard_map,
    text_playlist,
)
from streaming.player.oembed_views import oembed
from streaming.player.views import embed_page, player_state
from streaming.reporting.views import report_page
from streaming.revocations.views import RevocationDetail, Revocations
from streaming.sessions.views import ENTRANCES, enter, refresh_session
from streaming.tokens.key_views import SigningKeyDetail, SigningKeys
from streaming.tokens.views import VideoPlayback

_VIDEO = rf"(?P<token>{TOKEN})/(?P<project>{PROJECT})/(?P<video>{VIDEO})"
_REVISION = rf"^play/{_VIDEO}/(?P<revision>{REVISION})"
_TEXT = rf"{_REVISION}/text/(?P<track>{TRACK})"

api_urlpatterns = [
    path("videos/<str:video_id>/playback", VideoPlayback.as_view()),
    path("videos/<str:video_id>/playback/explain", ExplainPlayback.as_view()),
    path("playback/revocations", Revocations.as_view()),
    path("playback/revocations/<str:revocation_id>", RevocationDetail.as_view()),
    path("signing-keys", SigningKeys.as_view()),
    path("signing-keys/<str:signing_key_id>", SigningKeyDetail.as_view()),
]

urlpatterns = [
    re_path(rf"{_REVISION}/master\.m3u8$", master_playlist),
    re_path(rf"{_REVISION}/manifest\.mpd$", dash_manifest),
    re_path(rf"{_REVISION}/(?P<rendition>{RENDITION})/index\.m3u8$", media_playlist),
    re_path(rf"{_REVISION}/(?P<rendition>{RENDITION})/iframes\.m3u8$", key_frames_playlist),
    re_path(rf"{_REVISION}/(?P<rendition>{RENDITION})/key$", rendition_key),
    re_path(rf"{_REVISION}/storyboard\.vtt$", storyboard_map),
    re_path(rf"{_REVISION}/chapters\.json$", chapters_file),
    re_path(rf"{_TEXT}/index\.m3u8$", text_playlist),
    re_path(rf"{_TEXT}/(?P<number>{SEGMENT})\.vtt$", text_segment),
    re_path(rf"{_TEXT}\.vtt$", text_file),
    re_path(rf"^play/{_VIDEO}/(?P<file>{'|'.join(map(re.escape, ENTRANCES))})$", enter),
    re_path(rf"^play/{_VIDEO}/{REFRESH_NAME}$", refresh_session, name="refresh"),
    re_path(rf"^embed/{_VIDEO}$", embed_page, name="embed"),
    re_path(rf"^embed/{_VIDEO}/state\.json$", player_state),
    re_path(rf"^report/{_VIDEO}$", report_page, name="report"),
    path("oembed", oembed),
]
for _route in urlpatterns:
    # No cookie is read here: the token in the path is the permission. So a method that there isn't is just refused.
    _route.callback = csrf_exempt(_route.callback)
