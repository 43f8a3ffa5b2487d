"""The iframe that a page is given to show a player in: its size, and its HTML."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.html import format_html
from django.utils.safestring import SafeString

WIDTH_PX = 640
SOUND_HEIGHT_PX = 200  # without a picture
ALLOWED = "autoplay; fullscreen; picture-in-picture"


@dataclass(frozen=True, slots=True)
class FrameSize:
    """Of an iframe, in CSS pixels."""

    width_px: int
    height_px: int


def plan_size(
    picture: tuple[int, int] | None, *, max_width_px: int | None = None, max_height_px: int | None = None
) -> FrameSize:
    """Return the size for a picture (width and height; None: there is only sound), as large as it may be."""
    most_wide = max_width_px or WIDTH_PX
    if picture is None:
        return FrameSize(most_wide, min(SOUND_HEIGHT_PX, max_height_px or SOUND_HEIGHT_PX))
    width, height = picture
    # An upright picture gets no longer than a page is wide, unless somebody asks for that.
    most_high = max_height_px or (most_wide if max_width_px is None else most_wide * height / width)
    scale = min(most_wide / width, most_high / height)
    return FrameSize(max(1, round(width * scale)), max(1, round(height * scale)))


def iframe_html(address: str, title: str, size: FrameSize) -> SafeString:
    """Return the iframe of an embed page."""
    return format_html(
        '<iframe src="{}" width="{}" height="{}" title="{}" allow="{}" allowfullscreen '
        'loading="lazy" style="border: 0; max-width: 100%"></iframe>',
        address,
        size.width_px,
        size.height_px,
        title or "Video",
        ALLOWED,
    )
