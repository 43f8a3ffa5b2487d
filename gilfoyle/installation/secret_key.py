"""Is the root secret the one that the database's keys are wrapped under?

Under another one everything would seem to work, and what is stored meanwhile could never be opened again. So the id of the
secret, which tells nothing of it, is noted at the first start. Nothing starts with another one, and no key is wrapped
under it, whatever process that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice

from gilfoyle.installation.errors import SecretDiffers
from gilfoyle.installation.facts import find_fact, note_first, note_instead
from gilfoyle.lib.ipfs_storage import PURPOSE as IPFS_PURPOSE
from gilfoyle.lib.wrapped_keys import KeyUnusable, unwrap_key
from videos import layout
from videos.audit.signing import keys_of
from videos.catalog import content_keys, source_keys
from videos.catalog.canary import VIDEO_ID as CANARY_ID
from videos.catalog.models import ContentKey, SourceKey
from videos.ipfs.models import IpfsObject
from videos.tracks import texts
from videos.tracks.models import TextTrack, TrackKey

NAME = "secret"
TRIED = 20  # of each table: a damaged row says nothing of the others
ADOPT = (
    "If the right one is lost for good, `manage.py adopt secret --even-so` goes on with this one: what is wrapped under the "
    "other stays unreadable."
)
HINT = f"Give back the right GILFOYLE_SECRET_KEY, or the file secret_key of the data folder. {ADOPT}"


@dataclass(slots=True)
class _Proven:
    """Which secrets this process has compared."""

    secrets: set[bytes] = field(default_factory=set)


_proven = _Proven()


def secret_id(root_secret: bytes) -> str:
    """Return by what a root secret is known: the id of the audit's public key, which tells nothing of it."""
    return keys_of(root_secret).key_id


def require_secret(root_secret: bytes) -> None:
    """See that this is the installation's secret; it is noted by who starts first, if it opens the keys that are there.

    Raises: SecretDiffers; the database's errors.
    """
    own = secret_id(root_secret)
    known = find_fact(NAME)
    if known is None:
        require_opening(root_secret)
        known = note_first(NAME, own)
    if known != own:
        message = f"The secret key is another one ({own}) than this database was begun with ({known})."
        raise SecretDiffers(message, hint=HINT)
    _proven.secrets.add(root_secret)


def prove(root_secret: bytes) -> None:
    """Do the same once in a process's life, before it wraps its first key.

    Raises: SecretDiffers; the database's errors.
    """
    if root_secret not in _proven.secrets:
        require_secret(root_secret)


def adopt_secret(root_secret: bytes, *, even_so: bool = False) -> str:
    """Let this be the installation's secret from now on; returns its id. Without `even_so` it must open what is there.

    Raises: SecretDiffers; the database's errors.
    """
    if not even_so:
        require_opening(root_secret)
    note_instead(NAME, secret_id(root_secret))
    return secret_id(root_secret)


def require_opening(root_secret: bytes) -> None:
    """Raises: SecretDiffers where a table has keys of which none can be opened; the database's errors."""
    if closed := [what for what, wrapped in _tables() if not _opens(wrapped, root_secret)]:
        message = f"The secret key ({secret_id(root_secret)}) opens no key of {' or '.join(closed)}."
        raise SecretDiffers(message, hint=HINT)


_Wrapped = Iterator[tuple[str, bytes | memoryview, str]]  # purpose, wrapped, owner


def _tables() -> Iterator[tuple[str, _Wrapped]]:
    tables: dict[str, Callable[[], _Wrapped]] = {
        "sources": _of_sources,
        "segments": _of_segments,
        "texts": _of_texts,
        "objects on IPFS": _of_ipfs,
    }
    for what, wrapped in tables.items():
        yield what, islice(wrapped(), TRIED)


def _of_sources() -> _Wrapped:
    for name, wrapped in SourceKey.objects.values_list("name", "wrapped")[:TRIED]:
        yield source_keys.PURPOSE, wrapped, name


def _of_segments() -> _Wrapped:
    # That of the self-test is made anew where it can't be opened.
    rows = ContentKey.objects.exclude(video_id=CANARY_ID).order_by("-created_at")
    for video_id, revision, wrapped in rows.values_list("video_id", "revision", "wrapped")[:TRIED]:
        yield content_keys.PURPOSE, wrapped, content_keys.owner_of(video_id, revision)


def _of_texts() -> _Wrapped:
    keys = dict(TrackKey.objects.values_list("track_id", "wrapped")[:TRIED])
    for track in TextTrack.objects.filter(pk__in=keys).select_related("video"):
        name = layout.track_name(track.video.project_id, track.video_id, track.revision, track.pk)
        yield texts.PURPOSE, keys[track.pk], name


def _of_ipfs() -> _Wrapped:
    for name, wrapped in IpfsObject.objects.values_list("name", "wrapped")[:TRIED]:
        yield IPFS_PURPOSE, wrapped, name


def _opens(rows: _Wrapped, root_secret: bytes) -> bool:
    """Tell whether one of these can be opened, or there is none."""
    is_empty = True
    for purpose, wrapped, owner in rows:
        is_empty = False
        with suppress(KeyUnusable):
            unwrap_key(bytes(wrapped), purpose=purpose, owner=owner, root_secret=root_secret)
            return True
    return is_empty
