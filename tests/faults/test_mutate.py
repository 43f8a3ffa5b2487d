from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.bases import make_bases
from tests.faults.crafted import movie
from tests.faults.mutate import MUTATIONS, main, mutate
from tests.faults.structure import find_parts

SAMPLE = {"mp4": movie(), "text": b"no structure at all" * 50}


@given(st.integers(0, 10_000))
def test_the_same_seed_gives_the_same_file(seed: int) -> None:
    what, data = mutate(seed, SAMPLE)
    assert mutate(seed, SAMPLE) == (what, data)
    assert data


def test_every_mutation_comes_round() -> None:
    done = " ".join(mutate(seed, SAMPLE)[0] for seed in range(len(MUTATIONS) * len(SAMPLE)))
    assert [name for name in MUTATIONS if name not in done] == []


@given(st.binary(min_size=1, max_size=300))
def test_parts_lie_inside_of_any_file(data: bytes) -> None:
    for head in (b"", b"\0\0\0\x08ftyp", b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"FLV"):
        for part in find_parts(head + data):
            assert 0 <= part.start <= part.end <= len(head + data)


def test_the_parts_of_a_film_are_found() -> None:
    kinds = {part.kind for part in find_parts(movie())}
    assert {b"ftyp", b"moov", b"stco", b"stsz", b"mdat"} <= kinds


def test_a_file_is_written_again_by_its_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["7", str(tmp_path / "again")])
    what, data = mutate(7, make_bases(tmp_path / "bases"))
    assert (tmp_path / "again").read_bytes() == data
    assert capsys.readouterr().out.startswith(what)
