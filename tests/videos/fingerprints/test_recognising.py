"""The bank in memory follows the rows: what is added, taken back, switched off."""

from __future__ import annotations

import numpy as np
import pytest

from tests.videos.fingerprints.bans import make_ban, make_list
from tests.videos.fingerprints.pictures import scene
from videos.fingerprints.banning import next_version
from videos.fingerprints.hashing import hash_ban, hash_upload
from videos.fingerprints.models import BlockedFingerprint
from videos.fingerprints.recognising import forget_bank, present_bank
from videos.fingerprints.sealing import open_hashes, seal_hashes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_bank() -> None:
    forget_bank()


def put(seed: int, hash_list=None) -> BlockedFingerprint:
    hashes, pictures = hash_ban(scene(seed, 12))
    ban = make_ban(f"{seed:064x}", kind="dct256", hash_list=hash_list)
    ban.hashes = seal_hashes(hashes.tobytes(), owner=ban.pk)
    ban.moments = (pictures * 3 // 8).astype("<u4").tobytes()
    ban.save()
    return ban


def recognised(seed: int) -> list[str]:
    return [one.ban_id for one in present_bank().recognise(hash_upload(scene(seed, 12)))]


def test_it_knows_what_was_banned_since_without_reading_all_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = put(1)
    assert recognised(1) == [one.pk]
    opened: list[str] = []

    def open_noted(data: bytes, *, owner: str) -> bytes:
        opened.append(owner)
        return open_hashes(data, owner=owner)

    monkeypatch.setattr("videos.fingerprints.sealing.open_hashes", open_noted)
    two = put(2)
    assert recognised(2) == [two.pk]
    assert recognised(1) == [one.pk]
    assert opened == [two.pk]


def test_what_was_taken_back_or_switched_off_is_not_found() -> None:
    ban, other = put(1), make_list("other")
    put(2, other)
    assert recognised(1)
    ban.revoked_at, ban.version = ban.created_at, next_version()
    ban.save()
    assert recognised(1) == []
    assert recognised(2)
    other.enabled = False
    other.save()
    next_version()
    assert recognised(2) == []


def test_where_is_told_in_seconds() -> None:
    put(1)
    seen = np.concatenate([scene(8, 6), scene(1, 12)])
    (found,) = present_bank().recognise(hash_upload(seen))
    assert found.at_s == pytest.approx(2, abs=0.4)
    assert found.ban_at_s == pytest.approx(0, abs=0.4)
    assert (found.video_share, found.ban_share) == pytest.approx((12 / 18, 1), abs=0.1)


def test_it_is_built_anew_where_most_of_it_was_dropped_or_the_rows_are_others() -> None:
    ban = put(1)
    assert recognised(1) == [ban.pk]
    for seed in (1, 1, 1):
        hashes, pictures = hash_ban(scene(seed, 12))
        ban.hashes, ban.version = seal_hashes(hashes.tobytes(), owner=ban.pk), next_version()
        ban.moments = pictures.astype("<u4").tobytes()
        ban.save()
        assert recognised(1) == [ban.pk]
    assert len(present_bank().bank._index) <= 3 * len(present_bank().bank)
