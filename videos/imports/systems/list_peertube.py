"""Asks a PeerTube instance for its videos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from urllib.parse import quote

from gilfoyle.lib.errors import GilfoyleError
from gilfoyle.lib.public_addresses import AddressInvalid, parse_address
from videos.imports.errors import SourceNotAllowed, SourceNotThere, SourceUnusable
from videos.imports.systems.asking import Api
from videos.imports.systems.credentials import Credentials
from videos.imports.systems.found import LONGEST_TITLE, FoundVideo, Listed, Unlisted, one_line, read_answer
from videos.imports.systems.paging import walk
from videos.imports.systems.peertube import (
    Answers,
    Client,
    Entry,
    SignedIn,
    find_place,
    map_video,
    read_entry,
    read_file_token,
    read_page,
    with_file_token,
)

PAGE = 100  # as many as PeerTube gives
REFUSED = (SourceNotThere, SourceNotAllowed, SourceUnusable)


def sign_in(api: Api, credentials: Credentials) -> None:
    """Let an interface be asked as somebody: by a token, or by name and password, as PeerTube's own pages do.

    Raises: as `Api.send`.
    """
    token = credentials.token
    if not token and credentials.name:
        client = read_answer(Client, api.get("/api/v1/oauth-clients/local"), what="the client")
        form = {
            "client_id": client.client_id,
            "client_secret": client.client_secret,
            "grant_type": "password",
            "response_type": "code",
            "username": credentials.name,
            "password": credentials.secret,
        }
        answer = api.send("/api/v1/users/token", form=form)
        token = read_answer(SignedIn, answer, what="signing in").access_token
    if token:
        api.authorization = f"Bearer {token}"


def _stay_signed_in(api: Api, credentials: Credentials) -> None:
    """Sign in, and again whenever that has run out: PeerTube's tokens last some hours, and a move may last days."""

    def renew() -> None:
        api.authorization = ""
        sign_in(api, credentials)

    sign_in(api, credentials)
    if credentials.name:
        api.renew = renew


def list_peertube(api: Api, credentials: Credentials) -> Iterator[Listed | Unlisted]:
    """Yield the videos that an instance's page shows, the oldest first.

    Raises: as `Api.get`; AnswerUnusable also where a page has nothing new.
    """
    _stay_signed_in(api, credentials)
    for entry in walk(_pages(api), read_entry, lambda entry: entry.uuid):
        yield entry if isinstance(entry, Unlisted) else _listed(api, entry)


def _pages(api: Api) -> Iterator[list[object]]:
    place, start = find_place(api.base.target, is_signed_in=bool(api.authorization)), 0
    while True:
        page = read_page(api.get(place.path, {**place.query, "start": start, "count": PAGE}))
        yield page.data
        start += len(page.data)
        if not page.data or start >= page.total:
            return


def _listed(api: Api, entry: Entry) -> Listed:
    return Listed(
        entry.uuid,
        one_line(entry.name, LONGEST_TITLE),
        entry.published_at,
        lambda _is_dry: _load(api, entry.uuid),
    )


def _load(api: Api, uuid: str) -> FoundVideo:
    path = f"/api/v1/videos/{quote(uuid, safe='')}"
    answers = Answers(
        details=api.get(path),
        captions=_unless(api, f"{path}/captions", SourceNotThere),
        chapters=_unless(api, f"{path}/chapters", SourceNotThere),
        source=_unless(api, f"{path}/source", *REFUSED) if api.authorization else None,
    )
    found = map_video(answers, origin=f"{api.base.scheme}://{api.base.netloc}")
    return _with_token(api, path, found) if api.authorization else found


def _unless(api: Api, path: str, *refusals: type[GilfoyleError]) -> object | None:
    """Return an answer, and None after such a refusal: an instance is too old for the question, or keeps it to itself."""
    with suppress(*refusals):
        return api.get(path)
    return None


def _with_token(api: Api, path: str, found: FoundVideo) -> FoundVideo:
    """Return a video whose file can be fetched although it is private; the token goes to the instance alone."""
    source = str(found.source)
    with suppress(AddressInvalid, *REFUSED):
        if api.is_own(parse_address(source, ports=api.settings.ports)):
            token = read_file_token(api.send(f"{path}/token"))
            return replace(found, source=with_file_token(source, token))
    return found
