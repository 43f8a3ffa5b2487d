"""The Opus sample entry (Encapsulation of Opus in ISO Base Media File Format, 4.3)."""

from __future__ import annotations

from processing.packaging.boxes import MalformedBox, find_box

CONFIG_PATH = ("moov", "trak", "mdia", "minf", "stbl", "stsd", "Opus", "dOps")
PRE_SKIP_AT = 2  # behind version and number of channels


def without_pre_skip(init: bytes) -> bytes:
    """Return the init segment with nothing to be skipped at the beginning: the first packet that is kept sounds at zero.

    Raises: MalformedBox.
    """
    box = find_box(init, CONFIG_PATH)
    at = box.body_start + PRE_SKIP_AT
    if at + 2 > box.end:
        message = "the Opus configuration ends before its pre-skip"
        raise MalformedBox(message)
    return init[:at] + b"\0\0" + init[at + 2 :]
