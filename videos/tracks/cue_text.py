"""The text of a cue, from whatever a file has to WebVTT that may be shown. Pure, and in one pass.

Known tags (`b i u c v lang ruby rt`) and times inside the text stay, well nested; every other tag goes, scripts and
styles with what they hold; everything that is left is text, and escaped.
"""

from __future__ import annotations

import html
import re

from gilfoyle.lib.languages import standard_tag
from videos.tracks.cues import as_time

_TOKEN = re.compile(
    r"<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]*)(?P<rest>[^<>]*)>"
    r"|<(?P<time>[0-9]+(?::[0-9]{2}){1,2}\.[0-9]{3})>"
    r"|(?P<other></?>|<[!?/][^<>]*>|\{\\[^{}]*\})"  # the last: overrides of SubStation, also met in SRT
    r"|&(?P<entity>\#?[0-9A-Za-z]{1,31});"
)
_CLASSES = re.compile(r"(?:\.[A-Za-z0-9_-]{1,32}){1,8}")
_TOP = re.compile(r"\{\\an?[789]\}")
_DRAWING = re.compile(r"m(?:\s+-?[0-9.]+){2}(?:\s+(?:[mnlbspc]|-?[0-9.]+))*", re.IGNORECASE)
_WIDE_SPACE = re.compile(r"[ \t]+")
_ENDS_LINE = re.compile(r"[\v\f\x1c-\x1e\x85\u2028\u2029]")
# Controls are never text; the marks of writing direction are, but those that override it hide what is said.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]"
)
_PLAIN = frozenset({"b", "i", "u", "c", "ruby", "rt"})
_ANNOTATED = frozenset({"v", "lang"})
_MUTED = frozenset({"script", "style"})
_DEEPEST = 12
_ANNOTATION_CHARACTERS = 100

_SETTINGS = {
    "vertical": re.compile(r"rl|lr"),
    "line": re.compile(r"(?:-?[0-9]{1,4}|[0-9]{1,3}(?:\.[0-9]{1,3})?%)(?:,(?:start|center|end))?"),
    "position": re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?%(?:,(?:line-left|center|line-right))?"),
    "size": re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?%"),
    "align": re.compile(r"start|center|end|left|right"),
}


def clean_text(found: str, *, start_ms: int, end_ms: int, shift_ms: int = 0) -> str:
    """Return the text of a cue that is shown from `start_ms` to `end_ms`; "" where nothing is left to show.

    Times inside the text are `shift_ms` away from where they belong.
    """
    writer = _Writer(start_ms, end_ms, shift_ms)
    at = 0
    for token in _TOKEN.finditer(found):
        writer.add_text(found[at : token.start()])
        writer.add_token(token)
        at = token.end()
    writer.add_text(found[at:])
    return writer.finish()


def clean_settings(found: str) -> str:
    """Return those settings of a cue that WebVTT knows, each at most once; regions have nothing left to point at."""
    kept: dict[str, str] = {}
    for setting in found.split():
        name, _, value = setting.partition(":")
        if name in _SETTINGS and name not in kept and _SETTINGS[name].fullmatch(value) and _is_share(value):
            kept[name] = value
    return " ".join(f"{name}:{value}" for name, value in kept.items())


def _is_share(value: str) -> bool:
    return "%" not in value or float(value.partition("%")[0]) <= 100


def is_at_top(found: str) -> bool:
    """Tell whether an SRT cue says, as players have learnt from SubStation, that it stands at the top."""
    return _TOP.search(found) is not None


def is_drawing(found: str) -> bool:
    """Tell whether a text is no text but the path of a SubStation drawing."""
    return _DRAWING.fullmatch(found.strip()) is not None


class _Writer:
    """Writes one cue's text: what is open, what is muted, what time came last."""

    def __init__(self, start_ms: int, end_ms: int, shift_ms: int) -> None:
        self._out: list[str] = []
        self._open: list[str] = []
        self._muted = ""
        self._time_ms, self._end_ms, self._shift_ms = start_ms, end_ms, shift_ms
        self._has_text = False

    def add_text(self, text: str) -> None:
        if text and not self._muted:
            escaped = _escaped(text)
            self._has_text = self._has_text or bool(escaped.strip())
            self._out.append(escaped)

    def add_token(self, token: re.Match[str]) -> None:
        if token["entity"]:
            meant = html.unescape(token[0])
            self.add_text(" " if meant in "\r\n" else meant)
        elif token["time"]:
            self._add_time(token["time"])
        elif token["name"]:
            name = token["name"].lower()
            if name in _MUTED or self._muted:
                self._mute(name, is_end=bool(token["close"]))
            elif token["close"]:
                self._close(name)
            else:
                self._begin(name, token["rest"])

    def _mute(self, name: str, *, is_end: bool) -> None:
        if not self._muted and not is_end:
            self._muted = name
        elif self._muted == name and is_end:
            self._muted = ""

    def _begin(self, name: str, rest: str) -> None:
        if name == "br":
            self._out.append("\n")
            return
        if len(self._open) >= _DEEPEST or (name == "rt" and self._open[-1:] != ["ruby"]):
            return
        classes = _CLASSES.match(rest)
        opening = name + (classes[0] if classes else "")
        annotation = rest[classes.end() if classes else 0 :].strip()
        if name in _ANNOTATED:
            value = _annotation(annotation) if name == "v" else standard_tag(annotation)
            if not value:
                return
            opening += f" {value}"
        elif name not in _PLAIN or rest.endswith("/"):
            return
        self._out.append(f"<{opening}>")
        self._open.append(name)

    def _close(self, name: str) -> None:
        while name in self._open:
            closed = self._open.pop()
            self._out.append(f"</{closed}>")
            if closed == name:
                return

    def _add_time(self, text: str) -> None:
        hours, minutes, seconds = ["0", *text.split(":")][-3:]
        whole_ms = (int(hours[-4:]) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)
        time_ms = whole_ms + self._shift_ms
        if self._time_ms < time_ms < self._end_ms and not self._muted:
            self._time_ms = time_ms
            self._out.append(f"<{as_time(time_ms)}>")

    def finish(self) -> str:
        self._out += [f"</{name}>" for name in reversed(self._open)]
        lines = (_WIDE_SPACE.sub(" ", line).strip() for line in "".join(self._out).split("\n"))
        # A blank line would end the cue.
        return "\n".join(line for line in lines if line) if self._has_text else ""


def _escaped(text: str) -> str:
    return html.escape(_UNSEEN.sub("", _ENDS_LINE.sub("\n", text)), quote=False)


def _annotation(text: str) -> str:
    """Return a speaker's name; entities in it become characters, as in text."""
    plain = html.unescape(text).replace("\n", " ")
    return _WIDE_SPACE.sub(" ", _escaped(plain[:_ANNOTATION_CHARACTERS]).replace("\n", " ")).strip()
