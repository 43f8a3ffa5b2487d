import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.videos.fingerprints.pictures import scene
from videos.fingerprints import index
from videos.fingerprints.bank import Bank, Found
from videos.fingerprints.hashing import hash_ban, hash_upload
from videos.fingerprints.matching import Likeness, Rule

RULES = {"a": Rule()}


def test_a_ban_is_found_until_it_is_dropped() -> None:
    bank = Bank()
    for seed in range(4):
        bank.add(f"ban{seed}", "a", *hash_ban(scene(seed, 12)))
    seen = hash_upload(scene(2, 12)[:, :, ::-1])
    (found,) = bank.find(seen, RULES)
    assert found.ban_id == "ban2"
    assert found.likeness.video_share > 0.9
    assert bank.find(hash_upload(scene(9, 12)), RULES) == ()
    before = len(bank)
    bank.drop("ban2")
    assert bank.find(seen, RULES) == ()
    assert len(bank) < before


def test_lists_have_rules_of_their_own_and_those_without_are_not_looked_at() -> None:
    bank = Bank()
    bank.add("one", "a", *hash_ban(scene(1, 12)))
    bank.add("two", "b", *hash_ban(scene(1, 12)))
    seen = hash_upload(np.concatenate([scene(1, 4), scene(5, 36)]))
    assert [one.ban_id for one in bank.find(seen, {"b": Rule(least_share=0.1)})] == ["two"]
    assert bank.find(seen, {"b": Rule(least_share=0.99)}) == ()
    assert bank.find(seen, {}) == ()


def test_what_is_added_again_replaces_and_the_dropped_rest_is_noticed() -> None:
    bank = Bank()
    first, second = hash_ban(scene(1, 12)), hash_ban(scene(2, 12))
    bank.add("one", "a", *first)
    assert not bank.wants_rebuilding
    bank.add("one", "a", *second)
    bank.add("one", "a", *second)
    assert len(bank) == len(second[0])
    assert bank.wants_rebuilding
    assert bank.find(hash_upload(scene(1, 12)), RULES) == ()
    assert bank.size_bytes > len(bank) * 32


def test_a_black_video_is_nobody() -> None:
    bank = Bank()
    black = np.zeros((20, 64, 64), dtype=np.uint8)
    bank.add("black", "a", *hash_ban(black))
    assert bank.find(hash_upload(black), RULES) == ()
    bank.add("one", "a", *hash_ban(scene(1)))
    assert bank.find(hash_upload(black), RULES) == ()


def test_between_parts_whoever_waits_may_end_it_and_the_bank_may_grow() -> None:
    bank, beats = Bank(), []
    one = hash_ban(scene(1, 6))
    bank.add("one", "a", *one)
    seen = hash_upload(scene(1, 12))

    def beat() -> None:
        beats.append(1)
        bank.add(f"more{len(beats)}", "a", *one)
        bank.drop("one")

    assert [one.ban_id for one in bank.find(seen, RULES, heartbeat=beat)] == ["one"]
    assert len(beats) >= 12

    def end() -> None:
        raise KeyError

    with pytest.raises(KeyError):
        bank.find(seen, RULES, heartbeat=end)


def by_hand(bans, queries, rules):
    """Find as one would with all pairs at hand."""
    telling = [number for number in range(len(queries)) if queries[number].any()]
    found = []
    for ban_id, list_id, hashes, moments in bans:
        if list_id not in rules:
            continue
        rule = rules[list_id]
        near = [
            (frame, place, bits)
            for frame in telling
            for place in range(len(hashes))
            if (bits := int(np.bitwise_count(queries[frame] ^ hashes[place]).sum())) <= rule.within_bits
        ]
        if not near:
            continue
        frames = len({frame for frame, _place, _bits in near})
        shares = (
            frames / len(telling),
            len({moments[place] for _frame, place, _bits in near}) / len(set(moments.tolist())),
        )
        if frames >= rule.least_frames and max(shares) >= rule.least_share:
            first, place, _bits = min(near)
            least = min(bits for _frame, _place, bits in near)
            found.append(Found(ban_id, Likeness(*shares, frames, first, int(moments[place]), least)))
    return tuple(sorted(found, key=lambda one: -max(one.likeness.video_share, one.likeness.ban_share)))


@given(
    seed=st.integers(0, 2**32 - 1), block=st.integers(1, 9), within_bits=st.tuples(*[st.integers(0, 40)] * 2)
)
def test_what_is_counted_is_what_all_pairs_would_tell(
    seed: int, block: int, within_bits: tuple[int, int]
) -> None:
    random = np.random.default_rng(seed)
    scenes = random.integers(1, 256, (3, 32), dtype=np.uint8)

    def some(count: int):
        hashes = scenes[random.integers(0, 3, count)]
        hashes[:, 0] ^= random.choice(np.array([0, 0, 1, 3, 255], dtype=np.uint8), count)
        hashes[:, 1] ^= random.choice(np.array([0, 15, 255], dtype=np.uint8), count)
        hashes[random.random(count) < 0.1] = 0
        return hashes

    bank, bans = Bank(), []
    for number in range(4):
        hashes = some(int(random.integers(1, 7)))
        bans.append((f"ban{number}", "abc"[number % 3], hashes, random.integers(0, 4, len(hashes))))
        bank.add(*bans[-1])
    queries = some(int(random.integers(1, 9)))
    rules = {name: Rule(bits, random.random()) for name, bits in zip("ab", within_bits, strict=True)}
    before, index.BLOCK = index.BLOCK, block
    try:
        found = bank.find(queries, rules)
    finally:
        index.BLOCK = before
    assert found == by_hand(bans, queries, rules)


def test_a_still_scene_against_another_takes_no_more_memory_than_the_bank() -> None:
    """All pairs of them are near, 800,000; keeping these would take 90 MB."""
    random, bank = np.random.default_rng(1), Bank()
    still = np.full((400, 32), 170, dtype=np.uint8)
    still[np.arange(400), random.integers(0, 32, 400)] ^= random.integers(1, 256, 400, dtype=np.uint8)
    bank.add("still", "a", np.repeat(still, 5, axis=0), np.arange(2000))
    tracemalloc.start()
    try:
        (found,) = bank.find(still, RULES)
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.likeness.video_share, found.likeness.ban_share) == (1, 1)
    assert most < 10 * bank.size_bytes
