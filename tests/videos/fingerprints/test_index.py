import subprocess
import sys

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from videos.fingerprints import index
from videos.fingerprints.index import HammingIndex


def near_ones(hashes, queries, within_bits):
    """Find pairs as one would by hand."""
    return {
        (query, place, bits)
        for query in range(len(queries))
        for place in range(len(hashes))
        if (bits := int(np.bitwise_count(queries[query] ^ hashes[place]).sum())) <= within_bits
    }


def found(search):
    return [
        (hits.query, place, bits)
        for hits in search
        for place, bits in zip(hits.places.tolist(), hits.distances.tolist(), strict=True)
    ]


@given(
    seed=st.integers(0, 2**32 - 1),
    parts=st.lists(st.integers(0, 20), min_size=1, max_size=4),
    within_bits=st.integers(0, 256),
    block=st.integers(1, 50),
)
def test_it_finds_exactly_what_is_near(seed: int, parts: list[int], within_bits: int, block: int) -> None:
    random = np.random.default_rng(seed)
    one = HammingIndex()
    hashes = random.integers(0, 256, (sum(parts), 32), dtype=np.uint8)
    # Some that differ from others in a few bits, in any of the words.
    for place in range(1, len(hashes), 2):
        hashes[place] = hashes[place - 1]
        for bit in random.integers(0, 256, random.integers(0, 60)):
            hashes[place, bit // 8] ^= 1 << (bit % 8)
    for part in np.split(hashes, np.cumsum(parts)[:-1]):
        one.add(part)
    queries = hashes[:6]
    before, index.BLOCK = index.BLOCK, block
    try:
        parts_found = list(one.search(queries, within_bits=within_bits))
    finally:
        index.BLOCK = before
    pairs = found(parts_found)
    assert pairs == sorted(pairs)
    assert set(pairs) == near_ones(hashes, queries, within_bits)
    assert max((len(hits.places) for hits in parts_found), default=0) <= block
    assert len(one) == len(hashes)


def test_all_bits_may_differ_and_none() -> None:
    one = HammingIndex()
    one.add(np.array([[0] * 32, [255] * 32], dtype=np.uint8))
    query = np.zeros((1, 32), dtype=np.uint8)
    search = one.search(query, within_bits=256)
    one.add(query)
    assert found(search) == [(0, 0, 0), (0, 1, 256)], "what is added later is not looked at"
    assert list(one.search(query[:0], within_bits=256)) == []


def test_it_grows_by_many_small_additions() -> None:
    one, random = HammingIndex(), np.random.default_rng(1)
    hashes = random.integers(0, 256, (5000, 32), dtype=np.uint8)
    for start in range(0, 5000, 7):
        one.add(hashes[start : start + 7])
    near = found(one.search(hashes[[0, 2500, 4999]], within_bits=0))
    assert [place for _query, place, _bits in near] == [0, 2500, 4999]
    assert one.size_bytes < 3 * hashes.nbytes


def test_web_processes_do_without_numpy() -> None:
    looking = (
        "import os, sys; os.environ['DJANGO_SETTINGS_MODULE'] = 'gilfoyle.settings'; import gilfoyle.wsgi, "
        "gilfoyle.urls; from django.urls import get_resolver; get_resolver().url_patterns; "
        "sys.exit('numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", looking], check=False).returncode == 0
