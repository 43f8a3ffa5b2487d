"""Walks a folder for videos and what lies beside them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from gilfoyle.lib.errors import NotFound
from videos.imports.collecting import printable
from videos.imports.media_suffixes import MEDIA_SUFFIXES
from videos.imports.systems.folder import FileBeside, Sidecar, map_file, read_sidecar, sidecar_of
from videos.imports.systems.found import AnswerUnusable, Listed, Unlisted, read_json

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
    for file in _files(folder):
        if isinstance(file, Unlisted):
            yield file
            continue
        try:
            yield _listed(file, known)
        except AnswerUnusable as error:
            yield Unlisted(printable(str(file.relative)), error)
        except OSError as error:
            yield Unlisted(printable(str(file.relative)), AnswerUnusable(f"{error.strerror}."))


def _listed(file: FileBeside, known: dict[str, PurePosixPath]) -> Listed:
    found, published_at = map_file(file, _beside(file))
    other = known.setdefault(found.external_id, file.relative)
    if other != file.relative:
        message = f"{printable(str(other))} has the same id."
        raise AnswerUnusable(message, hint="Leave one of them, or give them ids beside them.")
    return Listed(found.external_id, found.title, published_at, lambda _is_dry: found, at_hand=True)


def _files(folder: Path) -> Iterator[FileBeside | Unlisted]:
    closed: list[OSError] = []
    for place, folders, names in os.walk(folder, onerror=closed.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place) / name
            if path.suffix.lower() in MEDIA_SUFFIXES and not name.startswith(".") and path.is_file():
                relative = PurePosixPath(*path.relative_to(folder).parts)
                modified_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
                yield FileBeside(path, relative, modified_at, frozenset(names))
    for error in closed:
        yield Unlisted(printable(str(error.filename)), AnswerUnusable(f"{error.strerror}."))


def _beside(file: FileBeside) -> Sidecar | None:
    name = sidecar_of(file.path, file.beside)
    if name is None:
        return None
    path = file.path.with_name(name)
    if path.stat().st_size > MOST_SIDECAR_BYTES:
        message = f"{printable(name)}: it is larger than {MOST_SIDECAR_BYTES} bytes."
        raise AnswerUnusable(message)
    return read_sidecar(read_json(path.read_bytes(), what=printable(name)), what=printable(name))
