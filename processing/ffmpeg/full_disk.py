"""Tells whether a program met a full disk: by its words, and by trying to write where it wrote.

Its exit code does not tell: older ffmpegs end well although what they wrote at the end did not fit.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from gilfoyle.lib.storage_faults import FULL_DISK, is_full_disk

WORDS = tuple(
    os.strerror(number) for number in sorted(FULL_DISK)
)  # programs are run in the C locale, as we are
TRIED_BYTES = 1024 * 1024  # what fails to be written leaves less than this


def says_full(text: str) -> bool:
    """Tell whether a program's last words name a full disk."""
    return any(words in text for words in WORDS)


def has_room(folder: Path) -> bool:
    """Tell whether something small can be written into a folder; True also where it can't for another reason."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            rest = memoryview(bytes(TRIED_BYTES))
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())  # some filesystems tell only then
    except OSError as error:
        return not is_full_disk(error)
    return True
