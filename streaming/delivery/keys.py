"""What a player needs to decrypt a rendition: 16 bytes, through the gate, which nobody keeps.

The key is read from its row for each request, once for each rendition that a viewer plays: with the row gone there is no
key in any process that could still be asked for it.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse

from gilfoyle.lib.wrapped_keys import KeyUnusable
from streaming.addresses import FileClass, VideoAddress
from streaming.admission import admission
from streaming.answers import playback_answer, site_of
from streaming.errors import MediaNotFound, PlaybackUnavailable
from streaming.gate import Wish
from streaming.headers import NO_STORE
from videos.catalog.content_keys import find_rendition_key

KEY_TYPE = "application/octet-stream"


def rendition_key(
    request: HttpRequest, *, token: str, project: str, video: str, revision: str, rendition: str
) -> HttpResponse:
    """Answer the key of one rendition."""
    address = VideoAddress(token, project, video, revision)

    def make() -> HttpResponse:
        wish = Wish(address, FileClass.KEY, rendition)
        policy = admission.admit(wish, site=site_of(request), now_s=time.time()).policy
        key = _find_key(policy.video_id, policy.revision, rendition)
        if key is None:
            raise MediaNotFound("key")
        return HttpResponse(key, content_type=KEY_TYPE, headers={"Cache-Control": NO_STORE})

    return playback_answer(request, address, make)


def _find_key(video_id: str, revision: str, rendition: str) -> bytes | None:
    try:
        return find_rendition_key(
            video_id=video_id,
            revision=revision,
            rendition=rendition,
            root_secret=settings.GILFOYLE_ROOT_SECRET,
        )
    except (DatabaseError, KeyUnusable) as error:
        message = "The key of this video can't be had at the moment."
        raise PlaybackUnavailable(message, error=type(error).__name__) from error
