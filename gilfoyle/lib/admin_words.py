"""Values as an administrator reads them: sizes, lengths, rates, statuses. HTML is made by `format_html` alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

Tone = Literal["good", "bad", "busy", "wait", "plain"]
NONE = "\N{EN DASH}"

TONES: dict[str, Tone] = {
    # videos, uploads, jobs and steps share these words; what is not named is plain
    "ready": "good",
    "done": "good",
    "finished": "good",
    "active": "good",
    "failed": "bad",
    "aborted": "bad",
    "blocked": "bad",
    "suspended": "bad",
    "revoked": "bad",
    "processing": "busy",
    "uploading": "busy",
    "receiving": "busy",
    "fetching": "busy",
    "running": "busy",
    "retiring": "wait",
    "held": "wait",
    "restricted": "wait",
    "waiting for a worker": "wait",
}

_CODECS = {
    "avc1": "H.264",
    "avc3": "H.264",
    "hvc1": "HEVC",
    "hev1": "HEVC",
    "av01": "AV1",
    "vp09": "VP9",
    "mp4a": "AAC",
    "opus": "Opus",
    "fLaC": "FLAC",
}


def pill(text: str, tone: Tone | None = None) -> SafeString:
    """Return a coloured label; without a tone, the one of this status."""
    chosen = tone or TONES.get(text.lower(), "plain")
    return format_html(
        '<span class="gf-pill gf-pill-{}">{}</span>', chosen, text.replace("_", " ").capitalize()
    )


def bar(percent: float) -> SafeString:
    """Return a progress bar with its percentage."""
    whole = round(min(100.0, max(0.0, percent)))
    return format_html(
        '<span class="gf-progress"><progress class="gf-bar" max="100" value="{}" aria-label="Progress">'
        '</progress><span class="gf-num">{} %</span></span>',
        whole,
        whole,
    )


def when(at: datetime | None) -> SafeString | str:
    """Return a moment as "3 hours ago", with its exact time as the tooltip."""
    if at is None:
        return NONE
    exact = at.astimezone(timezone.get_current_timezone())
    return format_html(
        '<time class="gf-when" datetime="{}" title="{}">{}</time>',
        exact.isoformat(),
        f"{exact:%Y-%m-%d %H:%M:%S} {exact.tzname()}",
        ago(at),
    )


def ago(at: datetime) -> str:
    """Return how long ago something was (or how far ahead it is), in its largest unit."""
    now = timezone.now()
    if at > now:
        return f"in {timesince(now, at, depth=1)}" if (at - now).total_seconds() >= 60 else "in a moment"
    return f"{timesince(at, now, depth=1)} ago" if (now - at).total_seconds() >= 60 else "just now"


def size_in_words(size_bytes: int | None) -> str:
    return NONE if size_bytes is None else str(filesizeformat(size_bytes))


def clock(duration_s: float | None) -> str:
    """Return a length as 1:02:03 or 0:07; below ten seconds with a tenth."""
    if duration_s is None:
        return NONE
    if duration_s < 10:
        return f"{duration_s:.1f} s"
    minutes, seconds = divmod(round(duration_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def rate_in_words(bitrate_bps: int) -> str:
    """Return a bit rate as 2.4 Mbit/s or 128 kbit/s."""
    if not bitrate_bps:
        return NONE
    if bitrate_bps >= 1_000_000:
        return f"{bitrate_bps / 1_000_000:.1f} Mbit/s"
    return f"{bitrate_bps / 1000:.0f} kbit/s"


def frame_rate_in_words(rate: str) -> str:
    """Return a frame rate such as "30000/1001" as 29.97 fps."""
    if not rate:
        return NONE
    numerator, _, denominator = rate.partition("/")
    return f"{float(numerator) / float(denominator or 1):.2f}".rstrip("0").rstrip(".") + " fps"


def codec_in_words(codec: str) -> str:
    """Return the name of a codec by its RFC 6381 string."""
    return _CODECS.get(codec.partition(".")[0], codec)


def size_of_picture(width: int | None, height: int | None) -> str:
    return f"{width} \N{MULTIPLICATION SIGN} {height}" if width and height else NONE


def sound_in_words(channels: int | None) -> str:
    if not channels:
        return NONE
    return {1: "Mono", 2: "Stereo"}.get(channels, f"{channels} channels")


def clipped(text: str) -> SafeString | str:
    """Return a text that a list cuts to its column, whole in the tooltip."""
    return format_html('<span class="gf-clip" title="{}">{}</span>', text, text) if text else NONE


def with_code(text: str) -> SafeString:
    """Return a sentence with what stands in it between backquotes, commands and names, as code."""
    parts = re.split(r"`([^`]+)`", text)  # sentences and code take turns
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if n % 2 else part,) for n, part in enumerate(parts))
    )


def listed(words: Iterable[str]) -> SafeString | str:
    """Return words as small labels."""
    labels = format_html_join("", '<code class="gf-chip">{}</code>', ((word,) for word in words))
    return format_html('<span class="gf-chips">{}</span>', labels) if labels else NONE
