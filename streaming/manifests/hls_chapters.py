"""Chapters as HLS players read them: session data of the multivariant playlist (RFC 8216, 4.3.4.4), and their JSON. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from streaming.addresses import CHAPTERS_NAME

if TYPE_CHECKING:
    from videos.chapters.chapter import Chapter

LANGUAGE = "und"  # nobody says which one titles are in
_LINE = f'#EXT-X-SESSION-DATA:DATA-ID="com.apple.hls.chapters",URI="{CHAPTERS_NAME}"'
_BEFORE = "#EXT-X-INDEPENDENT-SEGMENTS"


def with_chapters(master: str) -> str:
    """Return a multivariant playlist that says where the chapters are told."""
    return master.replace(f"{_BEFORE}\n", f"{_BEFORE}\n{_LINE}\n", 1)


def render_chapters(chapters: Sequence[Chapter]) -> str:
    """Return the chapters as Apple's players and others read them: beginning in seconds, and titles by language."""
    return json.dumps(
        [
            {
                "chapter": number,
                "start-time": one.start_ms / 1000,
                "titles": [{"language": LANGUAGE, "title": one.title}],
            }
            for number, one in enumerate(chapters, 1)
        ],
        ensure_ascii=False,
    )
