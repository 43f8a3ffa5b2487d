"""Opens files of a folder that others may have filled: nothing outside of it, and nothing but plain files."""

from __future__ import annotations

import os
import stat
from io import BufferedReader
from pathlib import Path

from videos.imports.collecting import printable
from videos.imports.systems.found import AnswerUnusable


def real_path(path: Path, folder: Path) -> Path:
    """Return where a file of a folder lies, links followed.

    Raises: AnswerUnusable where that is outside of the folder; OSError where there is nothing.
    """
    real = Path(os.path.realpath(path, strict=True))
    if not real.is_relative_to(os.path.realpath(folder, strict=True)):
        message = f"{printable(path.name)}: the link leads out of the folder."
        raise AnswerUnusable(message, hint="Put the file itself there.")
    return real


def open_file(path: Path) -> BufferedReader:
    """Open a plain file by its real path, and wait for nobody.

    Raises: AnswerUnusable where it is none, such as a device or a pipe; OSError, also where it has become a link.
    """
    # NONBLOCK: a pipe that nobody writes to would hold us up before we could see that it is one.
    file = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        message = f"{printable(path.name)}: this is no plain file."
        raise AnswerUnusable(message)
    return file
