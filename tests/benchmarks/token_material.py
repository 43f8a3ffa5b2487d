"""Tokens for the benchmark of checking them, and a gate that has its facts at hand."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

from streaming.addresses import VideoAddress
from streaming.admission import Admission, Sources
from streaming.errors import PlaybackRefused
from streaming.gate import Site, Wish
from streaming.tokens.claims import Algorithm, Claims, Scope
from tests.streaming.conftest import forged
from tests.streaming.test_gate import POLICY, REVISION
from tests.streaming.tokens.signing import KEY_IDS, PROJECT, ROOT, VIDEO, record, sign

TTL_S = 3600


def wishes_of(algorithm: Algorithm, count: int) -> tuple[list[Wish], list[Wish]]:
    """Return what is asked for with so many tokens of different sessions, and with forged ones."""
    now_s = int(time.time())
    claims = Claims(Scope.PLAY | Scope.KEY, now_s, now_s + TTL_S, bytes(8), max_height=720)
    tokens = [
        sign(algorithm, dataclasses.replace(claims, session=number.to_bytes(8, "big")))
        for number in range(count)
    ]
    return [_wish(token) for token in tokens], [_wish(forged(token)) for token in tokens]


def _wish(token: str) -> Wish:
    return Wish(VideoAddress(token, PROJECT, VIDEO, REVISION), rendition="v720")


def make_admission() -> Callable[[Wish], bool]:
    """Return a function that asks a gate of its own, and tells whether the answer is yes."""
    keys = {KEY_IDS[one]: record(one) for one in KEY_IDS}
    admission = Admission(
        Sources(
            load_key=keys.get,
            list_keys=lambda _: keys,
            load_policy=lambda _: POLICY,
            list_access=lambda _: {VIDEO: POLICY.access},
            list_denials=lambda _: [],
        ),
        root_secret=lambda: ROOT,
    )

    def ask(wish: Wish) -> bool:
        try:
            admission.admit(wish, site=Site(), now_s=time.time())
        except PlaybackRefused:
            return False
        return True

    return ask
