"""The types of events that consumers are told of, each with what it means. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

TEST = "webhook.test"
DISABLED = "webhook.disabled"
EVENT_TYPES: Mapping[str, str] = {
    "upload.finished": "The source of a video has arrived whole and is stored; processing begins.",
    "video.playable": "The first segments of a video can be watched; more follow.",
    "video.ready": "All renditions of a video are there.",
    "video.failed": "A video could not be received or processed; `failure` says why.",
    "video.deleted": "A video was deleted: nothing of it plays any more.",
    "video.restriction_changed": "On which terms a video may be played has changed, for the worse or the better.",
    "track.added": "A text track can be shown.",
    "track.removed": "A text track is gone.",
    "case.opened": "Something was reported of a video, a creator, a key or the project, and waits for a decision.",
    "case.decided": "A case was decided; with the statement of reasons.",
    "restriction.began": "A restriction of a video, a creator, a key or the project began.",
    "restriction.ended": "A restriction ended, by itself or because it was lifted.",
    "appeal.decided": "A second person has answered an appeal.",
    DISABLED: "Another endpoint of the project was disabled: gone, failing for days, or too much waited for it.",
    TEST: "Sent when you ask for it, whatever the endpoint wants otherwise.",
}
# What an endpoint may choose from: a test comes to whom it is sent.
CHOICES = tuple(name for name in EVENT_TYPES if name != TEST)


def wants(chosen: Iterable[str], event_type: str) -> bool:
    """Tell whether an endpoint with this choice hears of an event; an empty choice is all."""
    names = set(chosen)
    return not names or event_type in names
