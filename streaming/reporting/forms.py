"""What a viewer is asked who reports a video."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms

from streaming.player.context import format_duration
from videos.moderation.public_reporting import MAX_PUBLIC_TEXT, PUBLIC_REASONS
from videos.moderation.reasons import REASONS

_TIME = re.compile(r"(?:([0-9]{1,2}):)?(?:([0-9]{1,3}):)?([0-9]{1,6})", re.ASCII)
OTHER = "tos_other"
CHOICES = [("", "Choose a reason"), *((code, "Something else" if code == OTHER else REASONS[code].label) for code in PUBLIC_REASONS)]  # fmt: skip


def read_time(text: str) -> int | None:
    """Return the seconds of 83, 1:23 or 1:02:03; None where it is no time."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        return None
    parts = [int(part) for part in match.groups() if part is not None]
    if len(parts) > 1 and any(part > 59 for part in parts[1:]):
        return None
    total = 0
    for part in parts:
        total = total * 60 + part
    return total


def time_in_words(text: str, duration_s: float | None) -> str:
    """Return the moment that the player's link names, as people write it; empty where it is none of the video."""
    at_s = read_time(text)
    if at_s is None or (duration_s is not None and at_s > duration_s):
        return ""
    return format_duration(at_s) if at_s else "0:00"


class Words(forms.CharField):
    """Text whose line breaks count as one character, as they do where it is typed."""

    def to_python(self, value: object) -> str:
        """Return the text."""
        return str(super().to_python(value)).replace("\r\n", "\n")


class ReportForm(forms.Form):
    """Reason, moment and words; `duration_s` is that of what the viewer is shown."""

    reason = forms.ChoiceField(
        choices=CHOICES,
        label="What is wrong with it?",
        error_messages={
            "required": "Choose a reason.",
            "invalid_choice": "Choose one of the reasons in the list.",
        },
    )
    at = forms.CharField(
        required=False,
        max_length=12,
        label="Where in the video?",
        help_text="As in 1:23. Leave it empty if it is all of it.",
        error_messages={"max_length": "Write the time as in 1:23."},
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    words = Words(
        required=False,
        max_length=MAX_PUBLIC_TEXT,
        label="What should we know?",
        help_text=f"Up to {MAX_PUBLIC_TEXT:,} characters. Leave out who you are; nobody can answer you.",
        error_messages={
            "max_length": "The text has %(show_value)s characters; up to %(limit_value)s can be sent."
        },
        widget=forms.Textarea(attrs={"rows": 5, "autocomplete": "off"}),
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, at: str = "", duration_s: float | None = None
    ) -> None:
        super().__init__(data, initial={"at": at}, label_suffix="", auto_id="report-%s")
        self.duration_s = duration_s
        self.at_s: int | None = None

    def clean_at(self) -> str:
        """Raises: ValidationError."""
        text = str(self.cleaned_data["at"])
        if not text:
            return ""
        self.at_s = read_time(text)
        if self.at_s is None:
            message = "Write the time as in 1:23, or leave it empty."
            raise forms.ValidationError(message)
        if self.duration_s is not None and self.at_s > self.duration_s:
            message = f"The video is only {format_duration(self.duration_s)} long."
            raise forms.ValidationError(message)
        return text
