"""Reads what ffmpeg writes for `-progress`: lines `key=value`, a block each half second."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_LINE_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Progress:
    """One block: how far the outputs are."""

    frame: int
    out_time_s: float
    is_end: bool


@dataclass(slots=True)
class ProgressReader:
    """Takes bytes as they come and gives the blocks that are complete."""

    _rest: bytes = b""
    _seen: dict[str, str] = field(default_factory=dict)

    def feed(self, data: bytes) -> list[Progress]:
        """Return the blocks that `data` completes; what is not understood is passed over."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[-MAX_LINE_BYTES:]
        blocks = []
        for line in lines:
            key, _, value = line.decode("ascii", "replace").strip().partition("=")
            self._seen[key[:32]] = value
            if key == "progress":
                blocks.append(self._finish(is_end=value == "end"))
        return blocks

    def _finish(self, *, is_end: bool) -> Progress:
        seen, self._seen = self._seen, {}
        microseconds = _whole(seen.get("out_time_us", ""))
        return Progress(
            frame=max(0, _whole(seen.get("frame", ""))),
            out_time_s=max(0, microseconds) / 1_000_000,
            is_end=is_end,
        )


def _whole(text: str) -> int:
    digits = text.strip()
    is_number = digits.removeprefix("-").isascii() and digits.removeprefix("-").isdigit()
    return int(digits) if is_number and len(digits) < 20 else 0
