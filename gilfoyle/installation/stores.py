"""Is the folder of a media store the one that the rows are about, and its disk mounted?

Each folder has a mark (`lib/store_marks.py`) whose id the rows know. One without, or with another, is taken for ours where
nothing speaks against it: it has something that the rows name, or they name nothing, or what they name is still in the store
that all is being moved from. A bucket says by itself that it is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import structlog
from django.core.files.storage import FileSystemStorage, Storage
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from gilfoyle.installation.errors import StoreNotOurs
from gilfoyle.installation.facts import find_fact, note_first
from gilfoyle.lib.bounded_waits import BoundedWaits
from gilfoyle.lib.storage_faults import StorageFault, faults
from gilfoyle.lib.storage_listing import list_store
from gilfoyle.lib.store_marks import make_mark, read_mark
from gilfoyle.lib.store_places import all_of, home_of
from gilfoyle.lib.store_trial import FOLDERS_OF_OBJECTS, PATIENCE_S
from videos.access.internal import INTERNAL_PROJECT_IDS
from videos.catalog import states
from videos.catalog.models import Rendition, Video
from videos.tracks.models import TextTrack
from videos.uploads.models import UploadPiece

PREFIX = "store/"
TRIED = 50  # folders that rows name, of each kind
HINT = (
    "Is its disk mounted, and is the path of it right (storage.path)? Start again when it is. If what was there is lost for "
    "good, `manage.py adopt store --even-so` goes on without."
)
log = structlog.get_logger(__name__)
_reading = BoundedWaits("reading the marks of the media store", patience_s=PATIENCE_S)
_proven: dict[Path, str] = {}  # in this process: folders, and the mark that each had


def require_stores() -> None:
    """See that each folder where something is stored is ours. One that gives no answer may do so later.

    Raises: StoreNotOurs; the database's errors.
    """
    try:
        folders = {root for _, root in _homes()}
        _reading.do(lambda: [read_mark(place) for root in folders for place in _places_of(root)])
        for root in folders:
            require_root(root)
    except StoreNotOurs:
        raise
    except (StorageFault, TimeoutError) as error:
        log.warning("store_not_compared", error=str(error))


def require_root(root: Path, *, even_so: bool = False) -> None:
    """See that a folder is ours, if something is stored there by the settings; with `even_so` it is taken for ours.

    Raises: StoreNotOurs, StorageFault, NoSpace; the database's errors.
    """
    homes = [(top, store) for top, store in _homes_of_tops() if Path(store.location) == root]
    for place, tops in _places_of(root).items():
        here = [(top, store) for top, store in homes if top in tops]
        mark = read_mark(place)
        if not here or (mark and _proven.get(place) == mark):
            continue
        if not mark or find_fact(f"{PREFIX}{mark}") is None:
            if not even_so and not _may_be_ours(here):
                message = f"The folder {place} is not the media store that the database knows: nothing of what is named is there."
                raise StoreNotOurs(message, hint=HINT, is_away=True)
            mark = mark or make_mark(place)
            note_first(f"{PREFIX}{mark}", str(place)[:200])
        _proven[place] = mark


def adopt_stores(*, even_so: bool = False) -> list[Path]:
    """Take the folders of the settings for ours, and return them; with `even_so` whatever is in them.

    Raises: StoreNotOurs, StorageFault, NoSpace; the database's errors.
    """
    roots = sorted({root for _, root in _homes()})
    for root in roots:
        require_root(root, even_so=even_so)
    return roots


def _homes_of_tops() -> Iterator[tuple[str, FileSystemStorage]]:
    for top in FOLDERS_OF_OBJECTS:
        if isinstance(home := home_of(top), FileSystemStorage):
            yield top, home


def _homes() -> list[tuple[str, Path]]:
    return [(top, Path(store.location)) for top, store in _homes_of_tops()]


def _places_of(root: Path) -> dict[Path, set[str]]:
    """Return where marks are: in the store's own folder, and in each below it that is a link to another disk."""
    linked = {top for top in FOLDERS_OF_OBJECTS if (root / top).is_symlink()}
    return {root: {*FOLDERS_OF_OBJECTS} - linked} | {root / top: {top} for top in linked}


def _may_be_ours(here: list[tuple[str, FileSystemStorage]]) -> bool:
    is_nothing_named = True
    for top, store in here:
        for name in islice(_named(top), TRIED):
            is_nothing_named = False
            if any(_has(one, name) for one in [store, *all_of(name)]):
                return True
    return is_nothing_named


def _has(store: Storage, folder: str) -> bool:
    with faults(folder):
        return any(True for _ in list_store(store, folder))


def _named(top: str) -> Iterator[str]:
    """Return folders in which the rows name something; what is made anew by itself is not among them."""
    videos = Video.objects.exclude(status=states.DELETING).exclude(project_id__in=INTERNAL_PROJECT_IDS)
    of_video = ("video__project_id", "video_id")
    pieces, project = (
        UploadPiece.objects.distinct(),
        Coalesce("upload__project_id", "upload__video__project_id"),
    )
    found: dict[str, QuerySet[Any, tuple[str, str]]] = {
        "sources": videos.filter(source_upload_id__gt="").values_list("project_id", "pk"),
        "uploads": pieces.values_list(project, "upload_id"),
        "tracks": TextTrack.objects.filter(revision="", video__in=videos).values_list(*of_video).distinct(),
        "renditions": Rendition.objects.filter(video__in=videos).values_list(*of_video).distinct(),
    }
    for project_id, owner in found[top][:TRIED]:
        yield f"{top}/{project_id}/{owner}"
