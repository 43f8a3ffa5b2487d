"""Opens a system: what it lists, and how its texts are read."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from gilfoyle.lib.import_settings import ImportSettings
from videos.imports.systems.asking import open_api
from videos.imports.systems.credentials import MEDIACMS, MUX, PEERTUBE, Credentials
from videos.imports.systems.found import AnswerUnusable, FoundCaption, Listed, Unlisted, require_address
from videos.imports.systems.inside import open_file, real_path
from videos.imports.systems.list_folder import list_folder
from videos.imports.systems.list_mediacms import list_mediacms
from videos.imports.systems.list_mux import list_mux
from videos.imports.systems.list_peertube import list_peertube
from videos.imports.systems.moving import ReadCaption
from videos.imports.systems.mux import Hosts

FOLDER = "folder"
MUX_HOSTS = Hosts()


@dataclass(frozen=True, slots=True)
class Opened:
    """A system that can be gone through."""

    entries: Iterator[Listed | Unlisted]
    read_caption: ReadCaption


def open_folder(folder: Path) -> Opened:
    """Return what a folder holds."""
    return Opened(list_folder(folder), partial(_read_file, folder))


def open_system(
    system: str,
    url: str,
    credentials: Credentials,
    settings: ImportSettings,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> Opened:
    """Return what a system of the web holds; nothing is asked yet.

    Raises: ImportsDisabled, AddressInvalid.
    """
    hosts = MUX_HOSTS
    api = open_api(hosts.api if system == MUX else url, settings, pause=pause)
    entries = {
        PEERTUBE: lambda: list_peertube(api, credentials),
        MEDIACMS: lambda: list_mediacms(api, credentials),
        MUX: lambda: list_mux(api, credentials, hosts=hosts),
    }[system]()

    def read(caption: FoundCaption, most_bytes: int) -> bytes:
        if not caption.source:
            message = "There is no public address for it: the playback ids are signed."
            raise AnswerUnusable(message)
        # An answer names addresses of the web alone; files of this machine are read for a folder.
        return api.read(require_address(str(caption.source), what="a text"), most_bytes)

    return Opened(entries, read)


def _read_file(folder: Path, caption: FoundCaption, most_bytes: int) -> bytes:
    with open_file(real_path(Path(caption.source), folder)) as file:
        return file.read(most_bytes + 1)
