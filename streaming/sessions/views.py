"""What is asked of a video whatever its revision: a later token of the same session, and the way in.

Who signs tokens does not know the revision, which changes when a source is replaced: the addresses without it lead on
to those of the present one.
"""

from __future__ import annotations

import json
import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from rest_framework.utils.encoders import JSONEncoder

from gilfoyle.lib.config import Config
from streaming.addresses import (
    DASH_NAME,
    MASTER_NAME,
    POSTER_NAME,
    PREVIEW_NAME,
    STORYBOARD_NAME,
    FileClass,
    VideoAddress,
    play_folder,
    playback_addresses,
)
from streaming.admission import admission
from streaming.answers import playback_answer, site_of
from streaming.errors import MediaNotFound
from streaming.gate import Wish
from streaming.headers import NO_STORE
from streaming.tokens.claims import parse_token
from streaming.tokens.described import describe_playback
from streaming.tokens.services import refresh_token, token_limits

METHODS = "POST, OPTIONS"
ENTRANCES = {
    MASTER_NAME: "hls_url",
    DASH_NAME: "dash_url",
    POSTER_NAME: "poster_url",
    STORYBOARD_NAME: "storyboard_url",
    PREVIEW_NAME: "preview_url",
}


@csrf_exempt  # no cookie is read: the token in the path is the permission
def refresh_session(request: HttpRequest, token: str, project: str, video: str) -> HttpResponse:
    """Answer with a token that opens the same for longer, up to the session's end, and all its addresses."""
    address = VideoAddress(token, project, video)

    def make() -> HttpResponse:
        now = timezone.now()
        allowed = admission.admit(Wish(address), site=site_of(request), now_s=now.timestamp())
        config: Config = settings.GILFOYLE
        later = refresh_token(
            token=parse_token(token),
            project_id=allowed.policy.project_id,
            video_id=allowed.policy.video_id,
            duration_s=allowed.policy.duration_s,
            limits=token_limits(config.playback),
            root_secret=settings.GILFOYLE_ROOT_SECRET,
            now=now,
        )
        body = describe_playback(later, allowed.policy, public_url=config.public_url)
        text = json.dumps(body, cls=JSONEncoder)
        return HttpResponse(text, content_type="application/json", headers={"Cache-Control": NO_STORE})

    return playback_answer(request, address, make, methods=METHODS)


def enter(request: HttpRequest, token: str, project: str, video: str, file: str) -> HttpResponse:
    """Lead on to a file of the video as it is now."""
    is_picture = ENTRANCES[file] not in {"hls_url", "dash_url"}
    file_class = FileClass.IMAGE if is_picture else FileClass.MEDIA
    wish = Wish(VideoAddress(token, project, video), file_class, is_of_all=is_picture)

    def make() -> HttpResponse:
        policy = admission.admit(wish, site=site_of(request), now_s=time.time()).policy
        # Below the address that was asked for, so that it is right behind any proxy.
        address = playback_addresses(public_url="", token=token, policy=policy)[ENTRANCES[file]]
        if address is None:
            raise MediaNotFound(file)
        below = address.removeprefix(play_folder(token, project, video, policy.revision))
        headers = {"Location": f"{policy.revision}/{below}", "Cache-Control": NO_STORE}
        return HttpResponse(status=307, headers=headers)

    return playback_answer(request, wish.video, make)
