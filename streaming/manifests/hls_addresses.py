"""A media playlist whose segments are elsewhere. Pure: text in, text out."""

from __future__ import annotations

import re
from collections.abc import Callable

from streaming.addresses import SEGMENT

_SEGMENT_LINE = re.compile(rf"^(?:{SEGMENT})\.m4s$", re.ASCII | re.MULTILINE)
_END = "\n#EXT-X-ENDLIST\n"


def place_segments(playlist: str, address_of: Callable[[str], str]) -> str:
    """Return a media playlist that names each segment (by its file name) by the address that it has elsewhere.

    Init segment and key stay where they are. A playlist that still grows stays as it is: what players know already must
    not change in it (RFC 8216, 6.2.1), and addresses change with each window.
    """
    if _END not in playlist:
        return playlist
    return _SEGMENT_LINE.sub(lambda line: address_of(line[0]), playlist)
