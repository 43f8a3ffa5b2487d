"""How sources lie in the store: as they came, or sealed; which of it, a video's row says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gilfoyle.lib import sealed_storage, storage
from videos import layout
from videos.catalog.models import Video
from videos.catalog.source_keys import find_key


@dataclass(frozen=True, slots=True)
class OpenedSource:
    """A source whose bytes are read in parts, from any thread: always those that were uploaded."""

    size_bytes: int
    read: Callable[[int, int], bytes]


def name_of(video: Video) -> str:
    """Return the name of a video's present source."""
    return layout.source_name(video.project_id, video.pk, video.source_upload_id, video.source_version)


def store_source(name: str, pieces: Iterable[bytes], *, key: bytes | None) -> None:
    """Store a source, encrypted where there is a key.

    Raises: NoSpace, StorageFault; whatever the iterable raises, after removing what was written.
    """
    if key is None:
        storage.save_stream(name, pieces)
    else:
        sealed_storage.save_sealed(name, pieces, key)


def source_path(video: Video) -> Path | None:
    """Return where a program can read the source itself; None where it is sealed, or elsewhere."""
    return None if video.source_is_sealed else storage.stored_path(name_of(video))


def open_source(video: Video) -> OpenedSource:
    """Open a source of which only parts are wanted.

    Raises: SealBroken, SourceKeyMissing, KeyUnusable, ObjectMissing, StorageFault.
    """
    name = name_of(video)
    if video.source_is_sealed:
        size_bytes = video.source_size_bytes or 0
        reader = sealed_storage.open_sealed(name, find_key(name), size_bytes=size_bytes)
        return OpenedSource(reader.size_bytes, reader.read)
    stored = storage.open_ranges(name)
    return OpenedSource(stored.size_bytes, stored.read)


@contextmanager
def source_copy(video: Video, *, folder: Path) -> Iterator[Path]:
    """Give a path with the source's bytes: its own where it can be read there, else a copy below `folder`, removed afterwards.

    Raises: as `open_source`; NoSpace.
    """
    name = name_of(video)
    if not video.source_is_sealed:
        with storage.local_copy(name, folder=folder) as path:
            yield path
        return
    size_bytes = video.source_size_bytes or 0
    reader = sealed_storage.open_sealed(name, find_key(name), size_bytes=size_bytes)
    with sealed_storage.opened_copy(reader, name=name, folder=folder) as path:
        yield path
