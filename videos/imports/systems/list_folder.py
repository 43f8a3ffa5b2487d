"""Walks a folder for videos and what lies beside them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from gilfoyle.lib.errors import NotFound
from videos.imports.collecting import printable
from videos.imports.media_suffixes import MEDIA_SUFFIXES
from videos.imports.systems.folder import FileBeside, Sidecar, map_file, read_sidecar, sidecar_of
from videos.imports.systems.found import AnswerUnusable, Listed, Unlisted, read_json
from videos.imports.systems.inside import open_file, real_path

MOST_SIDECAR_BYTES = 32 * 1024 * 1024  # yt-dlp writes every format with all of its addresses


class FolderNotThere(NotFound):
    """What was given is no folder."""

    code = "folder_not_there"


def list_folder(folder: Path) -> Iterator[Listed | Unlisted]:
    """Yield every video of a folder and of those in it, in the order of their names.

    Raises: FolderNotThere.
    """
    if not folder.is_dir():
        message = f"{printable(str(folder))}: there is no such folder."
        raise FolderNotThere(message)
    known: dict[str, PurePosixPath] = {}
    closed: list[OSError] = []
    for path, names in _files(folder, closed):
        relative = PurePosixPath(*path.relative_to(folder).parts)
        try:
            yield _listed(path, relative, names, folder, known)
        except AnswerUnusable as error:
            yield Unlisted(printable(str(relative)), error)
        except OSError as error:
            yield Unlisted(printable(str(relative)), AnswerUnusable(f"{error.strerror}."))
        except (ValueError, OverflowError):  # a time, above all, that no calendar has
            yield Unlisted(printable(str(relative)), AnswerUnusable("Its name or time can't be read."))
    for closed_one in closed:
        yield Unlisted(printable(str(closed_one.filename)), AnswerUnusable(f"{closed_one.strerror}."))


def _listed(
    path: Path, relative: PurePosixPath, names: frozenset[str], folder: Path, known: dict[str, PurePosixPath]
) -> Listed:
    real = real_path(path, folder)
    facts = real.stat()
    if not stat.S_ISREG(facts.st_mode):
        message = f"{printable(real.name)}: this is no plain file."
        raise AnswerUnusable(message)
    file = FileBeside(path, relative, datetime.fromtimestamp(facts.st_mtime, UTC), names)
    mapped, published_at = map_file(file, _beside(file, folder))
    found = replace(mapped, source=real)
    other = known.setdefault(found.external_id, file.relative)
    if other != file.relative:
        message = f"{printable(str(other))} has the same id."
        raise AnswerUnusable(message, hint="Leave one of them, or give them ids beside them.")
    return Listed(found.external_id, found.title, published_at, lambda _is_dry: found, at_hand=True)


def _files(folder: Path, closed: list[OSError]) -> Iterator[tuple[Path, frozenset[str]]]:
    """Yield what is a video by its name, with the names beside it; folders that can't be read go to `closed`."""
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if path.suffix.lower() in MEDIA_SUFFIXES and not name.startswith("."):
                yield path, frozenset(names)


def _beside(file: FileBeside, folder: Path) -> Sidecar | None:
    name = sidecar_of(file.path, file.beside)
    if name is None:
        return None
    with open_file(real_path(file.path.with_name(name), folder)) as opened:
        data = opened.read(MOST_SIDECAR_BYTES + 1)
    if len(data) > MOST_SIDECAR_BYTES:
        message = f"{printable(name)}: it is larger than {MOST_SIDECAR_BYTES} bytes."
        raise AnswerUnusable(message)
    return read_sidecar(read_json(data, what=printable(name)), what=printable(name))
