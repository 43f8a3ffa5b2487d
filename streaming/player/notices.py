"""What the embed page says where it does not play: each state with its own words and sign. Pure.

The page carries all of them, hidden but one, so that its script needs no words of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gilfoyle.lib.errors import Fault, Refusal
from streaming.errors import (
    MediaNotFound,
    PlaybackForbidden,
    PlaybackRefused,
    TokenExpired,
    TokenInvalid,
    TokenNotYetValid,
    VideoNotReady,
    VideoRestricted,
)

StateName = Literal[
    "playable",
    "processing",
    "failed",
    "expired",
    "early",
    "invalid",
    "restricted",
    "missing",
    "unavailable",
    "network",
    "undecodable",
    "unsupported",
]
COMING = frozenset({"awaiting_upload", "uploading", "processing"})  # statuses of videos that will play


@dataclass(frozen=True, slots=True)
class Notice:
    """One state in words. `action` is what its button says, "" where there is nothing to press."""

    name: StateName
    title: str
    words: str
    action: str = ""


_GO_BACK = "Go back to the page that you came from and open the video again."
NOTICES = (
    Notice(
        "processing",
        "Still being prepared",
        "It can be played here as soon as it is ready; no need to reload.",
    ),
    Notice("failed", "This video could not be prepared", "Whoever uploaded it can see why, and try again."),
    Notice("expired", "This link has expired", _GO_BACK),
    Notice("early", "It is not time yet", "This link works later. Come back then.", "Try again"),
    Notice("invalid", "This link does not work", _GO_BACK),
    Notice("restricted", "This video is not available", "It can't be played at the moment."),
    Notice("missing", "There is nothing to play", "The video is no longer here, or never was."),
    Notice("unavailable", "Playing is not possible right now", "Please try again in a moment.", "Try again"),
    Notice("network", "The connection was lost", "Check your network, then try again.", "Try again"),
    Notice(
        "undecodable",
        "This video can't be shown",
        "Your browser could not decode it. Another may.",
        "Try again",
    ),
    Notice("unsupported", "Your browser can't play this", "A current version of any large browser can."),
)
_STATES: dict[type[Refusal], StateName] = {
    TokenExpired: "expired",
    TokenNotYetValid: "early",
    TokenInvalid: "invalid",
    VideoRestricted: "restricted",
    PlaybackForbidden: "restricted",
    MediaNotFound: "missing",
}


def state_of(error: Refusal | Fault) -> StateName:
    """Return the state that a refusal of the gate puts the page in."""
    if isinstance(error, VideoNotReady):
        # Only a proven token is told this.
        reason = str(error.facts.get("reason", ""))
        return "processing" if reason in COMING else "failed" if reason == "failed" else "missing"
    if not isinstance(error, PlaybackRefused):
        return "unavailable"
    return _STATES.get(type(error), "missing")
