"""The search among banned pictures, measured: look-ups in a second, memory, and how long a process takes to load it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import psutil

from videos.fingerprints.index import HammingIndex

SIZES = (10_000, 100_000, 1_000_000)
WITHIN_BITS = 48
QUERIES = 200


@dataclass(frozen=True, slots=True)
class Lookup:
    """What one way to search costs: CPU milliseconds for a picture, bytes in memory."""

    way: str
    size: int
    cpu_ms: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Load:
    """What a process takes to have a million hashes at hand, read from rows, opened and put in place."""

    hashes: int
    bans: int
    cpu_s: float
    grown_bytes: int


def made_hashes(count: int) -> np.ndarray:
    """Return hashes as banned material has them: in groups that differ little, since views of a picture do."""
    draw = np.random.default_rng(1)
    hashes = np.repeat(draw.integers(0, 256, (count // 10 + 1, 32), dtype=np.uint8), 10, axis=0)[:count]
    for _ in range(24):
        rows = np.arange(count)
        hashes[rows, draw.integers(0, 32, count)] ^= np.uint8(1) << draw.integers(0, 8, count).astype(
            np.uint8
        )
    return hashes


def measure_lookups(sizes: tuple[int, ...] = SIZES) -> list[Lookup]:
    measured = []
    for size in sizes:
        hashes = made_hashes(size)
        queries = hashes[:: max(1, size // QUERIES)][:QUERIES].copy()
        queries[:, 5] ^= 0xFF  # eight bits away from what is there
        index = HammingIndex()
        index.add(hashes)
        cpu_ms = _cpu_ms(partial(_count_pairs, index, queries))
        measured.append(Lookup("numpy, all of them", size, cpu_ms, index.size_bytes))
        measured += _by_faiss(hashes, queries, _count_pairs(index, queries))
    return measured


def _count_pairs(index: HammingIndex, queries: np.ndarray) -> int:
    return sum(len(hits.places) for hits in index.search(queries, within_bits=WITHIN_BITS))


def _cpu_ms(search: Callable[[], object]) -> float:
    rounds = []
    for _ in range(3):
        begun = time.process_time()
        search()
        rounds.append((time.process_time() - begun) / QUERIES * 1000)
    return sorted(rounds)[1]


def _by_faiss(hashes: np.ndarray, queries: np.ndarray, count: int) -> list[Lookup]:
    """Measure faiss beside it, where it is installed (it is none of our dependencies)."""
    try:
        import faiss  # type: ignore[import-not-found]  # noqa: PLC0415 - mostly not there
    except ImportError:
        return []
    faiss.omp_set_num_threads(1)
    index = faiss.IndexBinaryFlat(256)
    index.add(hashes)
    found = index.range_search(queries, WITHIN_BITS + 1)  # it finds what is nearer than that
    if len(found[2]) != count:
        message = f"faiss found {len(found[2])} pairs, we found {count}"
        raise AssertionError(message)
    cpu_ms = _cpu_ms(lambda: index.range_search(queries, WITHIN_BITS + 1))
    return [Lookup("faiss BinaryFlat", len(hashes), cpu_ms, hashes.nbytes)]


def measure_load(bans: int, hashes_each: int = 1000) -> Load:
    """Measure in a process of its own, on a database of its own (SQLite)."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "settings.yaml"
        settings.write_text("# The defaults.\n", encoding="utf-8")
        ours = {
            "GILFOYLE_DATA_DIR": folder,
            "GILFOYLE_SETTINGS": str(settings),
            "GILFOYLE_BROKER_URL": "stub",
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GILFOYLE_")}
        told = subprocess.run(
            [sys.executable, "-m", __name__ if __name__ != "__main__" else __spec__.name, str(bans), str(hashes_each)],
            env={**kept, **ours}, check=True, capture_output=True, text=True,
        ).stdout.splitlines()[-1]  # fmt: skip
        cpu_s, grown_bytes = told.split()
    return Load(bans * hashes_each, bans, float(cpu_s), int(grown_bytes))


def _load(bans: int, hashes_each: int) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "gilfoyle.settings"
    import django  # noqa: PLC0415 - after the environment

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415 - after Django's set-up

    from videos.fingerprints.banning import house_list, next_version  # noqa: PLC0415 - the same
    from videos.fingerprints.models import BlockedFingerprint  # noqa: PLC0415 - the same
    from videos.fingerprints.recognising import present_bank  # noqa: PLC0415 - the same
    from videos.fingerprints.sealing import seal_hashes  # noqa: PLC0415 - the same

    call_command("migrate", verbosity=0)
    version, house = next_version(), house_list()
    draw = np.random.default_rng(2)
    moments = np.arange(hashes_each, dtype="<u4").tobytes()
    for number in range(bans):
        ban = BlockedFingerprint(hash_list=house, kind="dct256", digest=f"{number:064x}", version=version)
        ban.hashes = seal_hashes(draw.bytes(32 * hashes_each), owner=ban.pk)
        ban.moments, ban.hash_count = moments, hashes_each
        ban.save()
    process = psutil.Process()
    before, begun = process.memory_info().rss, time.process_time()
    present_bank()
    sys.stdout.write(f"{time.process_time() - begun} {process.memory_info().rss - before}\n")


if __name__ == "__main__":
    _load(int(sys.argv[1]), int(sys.argv[2]))
