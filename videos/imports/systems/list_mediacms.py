"""Asks a MediaCMS for its media."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from videos.imports.systems.asking import Api
from videos.imports.systems.credentials import Credentials
from videos.imports.systems.found import LONGEST_TITLE, AnswerUnusable, FoundVideo, Listed, Unlisted, one_line
from videos.imports.systems.mediacms import WANTED, Entry, find_author, map_media, read_entry, read_page
from videos.imports.systems.paging import walk

MOST_LISTED = 1000  # MediaCMS lists no more, however many there are
PATH = "/api/v1/media"


def list_mediacms(api: Api, credentials: Credentials) -> Iterator[Listed | Unlisted]:
    """Yield the videos and sounds of a portal, or of one of its users, the oldest first.

    Raises: as `Api.get`; AnswerUnusable also where a page has nothing new, and where there may be more than are listed.
    """
    if credentials:
        api.authorization = f"Token {credentials.token}" if credentials.token else credentials.basic
    for entry in walk(_pages(api), read_entry, lambda entry: entry.friendly_token):
        if isinstance(entry, Unlisted):
            yield entry
        elif entry.media_type in WANTED:
            yield _listed(api, entry)


def _pages(api: Api) -> Iterator[list[object]]:
    query = {"sort_by": "add_date", "ordering": "asc"}
    if author := find_author(api.base.target):
        query["author"] = author
    number, listed = 1, 0
    while True:
        # The number of the page, and not the address that it names: that may lead anywhere.
        page = read_page(api.get(PATH, {**query, "page": number}))
        yield page.results
        number, listed = number + 1, listed + len(page.results)
        if page.next is None:
            break
    if listed >= MOST_LISTED:
        message = f"MediaCMS lists {MOST_LISTED:,} media at most, so there may be more."
        raise AnswerUnusable(message, hint="Import the media of each user by itself: URL/user/NAME.")


def _listed(api: Api, entry: Entry) -> Listed:
    token = entry.friendly_token
    return Listed(
        token, one_line(entry.title, LONGEST_TITLE), entry.add_date, lambda _is_dry: _load(api, token)
    )


def _load(api: Api, token: str) -> FoundVideo:
    answer = api.get(f"{PATH}/{quote(token, safe='')}")
    return map_media(answer, token, join=lambda reference: str(api.address(reference)))
