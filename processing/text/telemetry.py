"""Tells a text from what drones and cameras write where a text would stand: place, time and settings, each second. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from videos.tracks.cues import Cue

SURE_CUES = 3  # that many cues with a place are no dialogue ...
SURE_SHARE = 0.1  # ... nor is such a share of a short text

_PLACE = re.compile(
    r"\b(?:gps|home)\s*[(:]\s*[-+NSEW]?\s*\d"  # GPS(2.2945,48.8584,35)   GPS: 48.8584
    r"|\b(?:lat|latitude|lon|lng|long|longitude|longtitude)\s*[:=]\s*[-+NSEW]?\s*\d"  # sic: a maker's own spelling
    r"|[-+]?\b\d{1,3}\.\d{4,}\s*°?\s*[NSEW]?\s*[,;/ ]\s*[NSEW]?\s*[-+]?\d{1,3}\.\d{4,}"  # 48.8584, 2.2945
    r"|\b\d{1,3}\s*°\s*\d{1,2}\s*['\u2032]\s*\d"  # 48°51'29
    r"|\$G[PN](?:RMC|GGA)\b",  # NMEA
    re.IGNORECASE,
)


def is_telemetry(cues: Sequence[Cue]) -> bool:
    """Tell whether a text says where its camera was."""
    # With one space between words: in long runs of them the expression would try every way to share them out.
    placed = sum(_PLACE.search(" ".join(cue.text.split())) is not None for cue in cues)
    return placed >= SURE_CUES or placed > SURE_SHARE * len(cues)
