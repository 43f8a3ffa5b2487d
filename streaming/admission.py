"""Where a request meets the gate: the facts it needs, each at most a second old, and never "yes" for want of facts."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from streaming.bounded_cache import BoundedCache
from streaming.errors import PlaybackRefused, PlaybackUnavailable
from streaming.gate import Allowed, Site, Wish, decide
from streaming.tokens.claims import KeyRecord, Token, derive_secret, is_signed_by, parse_token
from streaming.tokens.selectors import get_key_record
from videos.catalog.selectors import PlaybackPolicy, get_playback_policy

FACT_AGE_S = 1.0  # how long a restriction may take to bite
MAX_KEYS = 2_000
MAX_POLICIES = 20_000
MAX_SIGNATURES = 100_000

V = TypeVar("V")


class Admission:
    """Asks the gate about requests; one a process, shared by its threads."""

    def __init__(
        self,
        *,
        load_key: Callable[[str], KeyRecord | None],
        load_policy: Callable[[str], PlaybackPolicy | None],
        root_secret: Callable[[], bytes],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._load_key = load_key
        self._load_policy = load_policy
        self._root_secret = root_secret
        self._keys: BoundedCache[str, KeyRecord | None] = BoundedCache(MAX_KEYS, clock=clock)
        self._policies: BoundedCache[str, PlaybackPolicy | None] = BoundedCache(MAX_POLICIES, clock=clock)
        self._proven: BoundedCache[tuple[str, str, str], None] = BoundedCache(MAX_SIGNATURES, clock=clock)

    def admit(self, wish: Wish, *, site: Site, now_s: float) -> Allowed:
        """Return what the viewer may have.

        Raises: PlaybackRefused; PlaybackUnavailable where the facts can't be had.
        """
        token = parse_token(wish.video.token)
        key = self._keys.get_or_load(token.key_id, lambda: _fetch(self._load_key, token.key_id), FACT_AGE_S)
        is_valid = key is not None and self._is_signature_valid(token, wish)
        decision = decide(
            wish,
            token=token,
            key=key,
            is_signature_valid=is_valid,
            # A forged token costs no query, and no clock tells its holder whether the video exists.
            policy=self._policy(wish.video.video_id) if is_valid else None,
            site=site,
            now_s=now_s,
        )
        if isinstance(decision, PlaybackRefused):
            raise decision
        return decision

    def forget(self) -> None:
        """Drop every kept fact, for example after a change that must be seen at once."""
        self._keys.clear()
        self._policies.clear()

    def _policy(self, video_id: str) -> PlaybackPolicy | None:
        return self._policies.get_or_load(video_id, lambda: _fetch(self._load_policy, video_id), FACT_AGE_S)

    def _is_signature_valid(self, token: Token, wish: Wish) -> bool:
        proven = (wish.video.token, wish.video.project_id, wish.video.video_id)
        if self._proven.has(proven):
            return True
        secret = derive_secret(self._root_secret(), token.key_id)
        video = wish.video
        if not is_signed_by(token, secret=secret, project_id=video.project_id, video_id=video.video_id):
            return False
        self._proven.add(proven, None)
        return True


def _fetch(load: Callable[[str], V], key: str) -> V:
    try:
        return load(key)
    except DatabaseError as error:
        message = "Playback can't be checked at the moment."
        raise PlaybackUnavailable(message, error=type(error).__name__) from error


def _on_usable_connection(load: Callable[[str], V]) -> Callable[[str], V]:
    """Look after the thread's connection, as only Django's request cycle otherwise does."""

    def load_then_close(key: str) -> V:
        _close_old_connections()
        try:
            return load(key)
        finally:
            _close_old_connections()

    return load_then_close


def _close_old_connections() -> None:
    for connection in connections.all(initialized_only=True):
        # Unlike Django's own function of this name, leave a caller's transaction alone.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


admission = Admission(
    load_key=_on_usable_connection(get_key_record),
    load_policy=_on_usable_connection(get_playback_policy),
    root_secret=lambda: settings.GILFOYLE_ROOT_SECRET,
)
