"""Questions of an nginx that remembers answers (docker/nginx-remembering.conf).

Such an nginx asks how things stand with a video, once a second and not for each viewer, and remembers a yes for as long
as they stand so: then its signature is not checked again, nor Gilfoyle asked. What a standing is made of must be no
newer than the decision that is remembered under it, or a withdrawn permission would live on under the new one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from streaming.addresses import PROJECT, VIDEO, VideoAddress
from streaming.errors import PlaybackForbidden

if TYPE_CHECKING:
    from streaming.admission import Admission
    from streaming.gate import Allowed

REMEMBERED_S = 60  # at most: then the viewer's token is looked at again in any case
STANDING_HEADER = "X-Gilfoyle-Standing"
_PATH = re.compile(rf"/_standing/(?P<project>{PROJECT})/(?P<video>{VIDEO})", re.ASCII)


def parse_standing_path(path: str) -> tuple[str, str] | None:
    """Return the project and the video whose standing is asked for; None for any other path."""
    match = _PATH.fullmatch(path)
    return None if match is None else (match["project"], match["video"])


class Remembering:
    """One question about a file whose answer is to be remembered for all of its rendition."""

    def __init__(self, admission: Admission, video: VideoAddress, asked: str) -> None:
        self._admission, self._video, self._asked = admission, video, asked
        # Before the decision, so that nothing in it is newer; and after, so that nothing is older either.
        self._before = admission.standing(video.project_id, video.video_id)

    def seconds(self, allowed: Allowed, now_s: float) -> int:
        """Return for how long the yes may be remembered; 0: not at all.

        Raises: PlaybackForbidden for a token that does not open all of a rendition; each of its files is asked about.
        """
        claims, key_ids = allowed.claims, self._before.key_ids
        if allowed.policy.embedding_off:
            return 0  # the answer is another one for each site that asks
        if claims.clip is not None:
            raise PlaybackForbidden("clip")
        signers = {self._video.token.partition(".")[0]}
        if claims.entry is not None:
            signers.add(claims.entry.key_id)
        after = self._admission.standing(self._video.project_id, self._video.video_id)
        is_standing = self._asked == self._before.name == after.name and signers <= key_ids
        return max(0, min(REMEMBERED_S, int(claims.expires_at_s - now_s))) if is_standing else 0
