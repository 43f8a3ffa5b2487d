"""Where a request meets the gate: the facts it needs, each at most a second old, and never "yes" for want of facts."""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connections

from streaming.addresses import VideoAddress
from streaming.bounded_cache import BoundedCache
from streaming.clip_windows import find_opened
from streaming.clip_windows import windows as clip_windows
from streaming.clips import NOTHING
from streaming.errors import PlaybackRefused, PlaybackUnavailable
from streaming.gate import Allowed, Known, Site, Wish, decide
from streaming.kept_facts import KeptFacts
from streaming.revocations.denials import Denial
from streaming.revocations.known import KnownDenials
from streaming.revocations.selectors import list_denials
from streaming.running_sends import RunningSends
from streaming.tokens.claims import Clip, KeyRecord, Token, parse_token
from streaming.tokens.selectors import get_key_record, list_key_ids, list_key_records
from streaming.tokens.signatures import is_genuine
from streaming.watch import Watch
from videos.catalog.selectors import Access, PlaybackPolicy, get_playback_policy, list_access

FACT_AGE_S = 0.8  # how long a fact is taken for true without another look, so that all bites within a second
WHOLE_AGE_S = 30.0  # how long what a look does not see (pictures, the title) may stay unnoticed
GROWING_AGE_S = 1.0  # the same while a video is still being made
ASKED_WITHIN_S = 10.0  # what nobody asked for in so long is not looked at any more
KEY_IDS_AGE_S = 5.0  # how long a new key may be missing among its project's
MAX_KEYS = 2_000
MAX_POLICIES = 20_000
MAX_SIGNATURES = 100_000
MAX_READ = 20_000

T = TypeVar("T")
V = TypeVar("V")
Opening = tuple[Wish, Clip, PlaybackPolicy]

# A player shows its token with each segment; reading one takes as long as all the checks.
_read_token = lru_cache(MAX_READ)(parse_token)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the facts come from: one at a time, and many at once for a look at whether they still hold."""

    load_key: Callable[[str], KeyRecord | None]
    list_keys: Callable[[Collection[str]], Mapping[str, KeyRecord]]
    load_policy: Callable[[str], PlaybackPolicy | None]
    list_access: Callable[[Collection[str]], Mapping[str, Access]]
    list_denials: Callable[[float | None], Sequence[Denial]]
    list_key_ids: Callable[[str], Collection[str]] = lambda _project_id: ()
    find_opened: Callable[[Opening], range] = lambda _opening: NOTHING


@dataclass(frozen=True, slots=True)
class Standing:
    """A name for all that decisions about a video's tokens rest on: while it is the same, they are, but for the time.

    It is the same in all processes, and tells nothing. `key_ids`: whose tokens it is about.
    """

    name: str
    key_ids: frozenset[str]


class Admission:
    """Asks the gate about requests; one a process, shared by its threads."""

    def __init__(
        self,
        sources: Sources,
        *,
        root_secret: Callable[[], bytes],
        is_open_elsewhere: Callable[[PlaybackPolicy], bool] = lambda _policy: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = sources
        self._root_secret = root_secret
        self._is_open_elsewhere = is_open_elsewhere
        self._keys: KeptFacts[str, KeyRecord | None] = KeptFacts(
            load=lambda key_id: _fetch(sources.load_key, key_id),
            confirm=self._confirm_keys,
            max_entries=MAX_KEYS,
            max_age_s=FACT_AGE_S,
            whole_age_s=lambda key: float("inf") if key is not None else 0.0,
            clock=clock,
        )
        self._policies: KeptFacts[str, PlaybackPolicy | None] = KeptFacts(
            load=lambda video_id: _fetch(sources.load_policy, video_id),
            confirm=self._confirm_policies,
            max_entries=MAX_POLICIES,
            max_age_s=FACT_AGE_S,
            whole_age_s=_whole_age_s,
            clock=clock,
        )
        self._denials = KnownDenials(
            lambda within_s: _fetch(sources.list_denials, within_s), max_age_s=FACT_AGE_S, clock=clock
        )
        self._key_ids: BoundedCache[str, frozenset[str]] = BoundedCache(MAX_KEYS, clock=clock)
        self._proven: BoundedCache[tuple[str, str, str], None] = BoundedCache(MAX_SIGNATURES, clock=clock)

    def admit(self, wish: Wish, *, site: Site, now_s: float) -> Allowed:
        """Return what the viewer may have.

        Raises: PlaybackRefused; PlaybackUnavailable where the facts can't be had.
        """
        token = _read_token(wish.video.token)
        decision = decide(wish, token=token, known=self._look_up(token, wish), site=site, now_s=now_s)
        if isinstance(decision, PlaybackRefused):
            raise decision
        return decision

    def _look_up(self, token: Token, wish: Wish) -> Known:
        key, entry, video = self._keys.get(token.key_id), token.claims.entry, wish.video
        if key is None or not self._is_signature_valid(token, key, video):
            # A forged token costs no query, and no clock tells its holder whether the video exists.
            return Known(key)
        revoked = self._denials.get().find(
            token.claims, project_id=video.project_id, video_id=video.video_id, key_id=token.key_id
        )
        known = Known(
            key,
            is_signature_valid=True,
            policy=self._policies.get(video.video_id),
            revoked=revoked,
            entry_key=self._keys.get(entry.key_id) if entry is not None else None,
        )
        return known if token.claims.clip is None else self._with_clip(known, token.claims.clip, wish)

    def _with_clip(self, known: Known, clip: Clip, wish: Wish) -> Known:
        policy = known.policy
        if policy is None:
            return known
        is_open = self._is_open_elsewhere(policy.as_of(wish.video.revision or policy.revision) or policy)
        opened = (
            _fetch(self._sources.find_opened, (wish, clip, policy)) if wish.segment is not None else NOTHING
        )
        return replace(known, opened=opened, is_open_elsewhere=is_open)

    def standing(self, project_id: str, video_id: str) -> Standing:
        """Return how things stand with a video, by the very facts that decisions are made of.

        Raises: PlaybackUnavailable.
        """
        key_ids = self._key_ids.get_or_load(
            project_id, lambda: frozenset(_fetch(self._sources.list_key_ids, project_id)), KEY_IDS_AGE_S
        )
        policy = self._policies.get(video_id)
        keys = [self._keys.get(key_id) for key_id in sorted(key_ids)]
        revoked = self._denials.get().of_project(project_id)
        facts = repr((project_id, video_id, policy.access if policy is not None else None, keys, revoked))
        message = b"gilfoyle-standing\0" + facts.encode()
        return Standing(hmac.digest(self._root_secret(), message, "sha256").hex()[:32], key_ids)

    def renew(self) -> None:
        """Look at the facts in use, in one query a kind: those that still hold are good for another while.

        Raises: PlaybackUnavailable.
        """
        self._denials.renew()
        self._keys.renew(asked_within_s=ASKED_WITHIN_S)
        self._policies.renew(asked_within_s=ASKED_WITHIN_S)

    def forget(self) -> None:
        """Drop every kept fact, for example after a change that must be seen at once."""
        self._keys.clear()
        self._policies.clear()
        self._key_ids.clear()
        self._denials.forget()
        clip_windows.forget()

    def _confirm_keys(self, keys: Mapping[str, KeyRecord | None]) -> set[str]:
        found = _fetch(self._sources.list_keys, list(keys))
        return {key_id for key_id, key in keys.items() if key is not None and found.get(key_id) == key}

    def _confirm_policies(self, policies: Mapping[str, PlaybackPolicy | None]) -> set[str]:
        found = _fetch(self._sources.list_access, list(policies))
        return {
            video_id
            for video_id, policy in policies.items()
            if policy is not None and found.get(video_id) == policy.access
        }

    def _is_signature_valid(self, token: Token, key: KeyRecord, video: VideoAddress) -> bool:
        proven = (video.token, video.project_id, video.video_id)
        if self._proven.has(proven):
            return True
        project_id, video_id = video.project_id, video.video_id
        if not is_genuine(
            token, key, project_id=project_id, video_id=video_id, root_secret=self._root_secret
        ):
            return False
        self._proven.add(proven, None)
        return True


def _whole_age_s(policy: PlaybackPolicy | None) -> float:
    if policy is None:
        return 0.0  # nothing to confirm: whoever asks again in a while, looks again
    return WHOLE_AGE_S if policy.status == "ready" else GROWING_AGE_S


def _fetch(load: Callable[[T], V], wanted: T) -> V:
    try:
        return load(wanted)
    except DatabaseError as error:
        message = "Playback can't be checked at the moment."
        raise PlaybackUnavailable(message, error=type(error).__name__) from error


def on_usable_connection(load: Callable[[T], V]) -> Callable[[T], V]:
    """Look after the thread's connection, as only Django's request cycle otherwise does."""

    def load_then_close(wanted: T) -> V:
        _close_old_connections()
        try:
            return load(wanted)
        finally:
            _close_old_connections()

    return load_then_close


def _close_old_connections() -> None:
    for connection in connections.all(initialized_only=True):
        # Unlike Django's own function of this name, leave a caller's transaction alone.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


admission = Admission(
    Sources(
        load_key=on_usable_connection(get_key_record),
        list_keys=on_usable_connection(list_key_records),
        load_policy=on_usable_connection(get_playback_policy),
        list_access=on_usable_connection(list_access),
        list_denials=on_usable_connection(list_denials),
        list_key_ids=on_usable_connection(list_key_ids),
        find_opened=on_usable_connection(lambda opening: find_opened(*opening)),
    ),
    root_secret=lambda: settings.GILFOYLE_ROOT_SECRET,
    is_open_elsewhere=lambda policy: settings.GILFOYLE.may_others_read(is_encrypted=policy.is_encrypted),
)
sends = RunningSends(
    lambda wish, site, asked_at_s: admission.admit(wish, site=site, now_s=asked_at_s),
)


def _look() -> None:
    try:
        admission.renew()
    finally:  # sends that nobody can vouch for any more end, too
        sends.look_again()


watch = Watch(_look, is_busy=lambda: len(sends) > 0)
