"""Asks Mux for its assets, and for their masters."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import structlog

from videos.imports.errors import ServerBusy, SourceNotAllowed, SourceNotThere, SourceUnusable
from videos.imports.systems.asking import Api
from videos.imports.systems.credentials import MUX, PAIRS, Credentials, CredentialsInvalid
from videos.imports.systems.found import LONGEST_TITLE, FoundVideo, Listed, Unlisted, one_line
from videos.imports.systems.mux import (
    ERRORED,
    READY,
    Asset,
    Entry,
    Hosts,
    Master,
    is_preparing,
    map_asset,
    needs_master,
    read_asset,
    read_entry,
    read_page,
)
from videos.imports.systems.paging import walk

log = structlog.get_logger(__name__)
PATH = "/video/v1/assets"
PAGE = 100
LOOKS, LOOK_S = 120, 10.0  # a master is waited for twenty minutes
REFUSED = (SourceNotAllowed, SourceNotThere, SourceUnusable)


def list_mux(api: Api, credentials: Credentials, *, hosts: Hosts) -> Iterator[Listed | Unlisted]:
    """Yield all assets of an environment, as Mux lists them: the newest first.

    Raises: CredentialsInvalid, as `Api.get`; AnswerUnusable also where a page has nothing new.
    """
    if not credentials.name:
        message = "Mux needs a token id and its secret."
        raise CredentialsInvalid(message, hint=f"Set {' and '.join(PAIRS[MUX])}.")
    api.authorization = credentials.basic
    for entry in walk(_pages(api), read_entry, lambda entry: entry.id):
        yield entry if isinstance(entry, Unlisted) else _listed(api, entry, hosts)


def _pages(api: Api) -> Iterator[list[object]]:
    cursor = ""
    while True:
        page = read_page(api.get(PATH, {"limit": PAGE, **({"cursor": cursor} if cursor else {})}))
        yield page.data
        cursor = page.next_cursor or ""
        if not cursor or not page.data:
            return


def _listed(api: Api, entry: Entry, hosts: Hosts) -> Listed:
    title = one_line(entry.meta.title if entry.meta else None, LONGEST_TITLE)
    return Listed(
        entry.id, title, entry.published_at, lambda is_dry: _load(api, entry.id, hosts, is_dry=is_dry)
    )


def _load(api: Api, asset_id: str, hosts: Hosts, *, is_dry: bool) -> FoundVideo:
    path = f"{PATH}/{quote(asset_id, safe='')}"
    asset = read_asset(api.get(path))
    if needs_master(asset) and not is_dry:
        asset = _with_master(api, path, asset)
    elif needs_master(asset):  # nothing is asked of Mux for a try: as if it were there
        asset = asset.model_copy(update={"master": Master(status=READY, url=hosts.api)})
    return map_asset(asset, hosts=hosts)


def _with_master(api: Api, path: str, asset: Asset) -> Asset:
    """Switch master access on, and wait for the master; the asset as it is where Mux refuses, or fails."""
    if not is_preparing(asset):
        try:
            api.send(f"{path}/master-access", data={"master_access": "temporary"}, method="PUT")
        except REFUSED as error:  # the token may only read: perhaps there is an MP4 file
            log.info("import_without_master", code=error.code)
            return asset
    for _ in range(LOOKS):
        asset = read_asset(api.get(path))
        if not needs_master(asset) or (asset.master and asset.master.status == ERRORED):
            return asset
        api.pause(LOOK_S)
    message = "Mux is still making the master."
    raise ServerBusy(message, hint="Run the command again later.")
