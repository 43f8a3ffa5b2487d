"""Storyboard → WebVTT whose cues name a sheet and the tile on it (`#xywh=`), as players' seek bars read them. Pure."""

from __future__ import annotations

from streaming.addresses import storyboard_sheet_name
from videos.storyboard import Storyboard


def render_storyboard(storyboard: Storyboard) -> str:
    """Return the WebVTT document; sheets are named relative to it."""
    size = f"{storyboard.tile_width},{storyboard.tile_height}"
    cues = [
        f"{_time(tile.start_s)} --> {_time(tile.end_s)}\n"
        f"{storyboard_sheet_name(tile.sheet)}#xywh={tile.x},{tile.y},{size}\n"
        for tile in storyboard.tiles()
        if _milliseconds(tile.end_s) > _milliseconds(tile.start_s)
    ]
    return "\n".join(("WEBVTT\n", *cues))


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def _time(seconds: float) -> str:
    minutes, milliseconds = divmod(_milliseconds(seconds), 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
