from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.storage import exists, open_stored
from processing.errors import EncodeUnverified
from processing.media import EncodedRendition, EncodedSegment
from processing.packaging.publish import publish_rendition
from videos.segment_index import SegmentRun

FOLDER = "renditions/p/v/r/v360"


def encoded(folder: Path, *, first_segment: int = 0, init: bytes = b"init") -> EncodedRendition:
    segments = []
    for number in range(first_segment, first_segment + 2):
        path = folder / f"{number}.m4s"
        path.write_bytes(f"segment {number}".encode())
        segments.append(EncodedSegment(path, duration_ticks=100 + number, size_bytes=path.stat().st_size))
    return EncodedRendition(
        name="v360",
        init=init,
        codec="avc1.64001e",
        timescale=30_000,
        first_segment=first_segment,
        start_ticks=first_segment * 100,
        segments=tuple(segments),
    )


def still_ours() -> None:
    """Hold the lease."""


def stored(name: str) -> bytes:
    with open_stored(f"{FOLDER}/{name}") as file:
        return file.read()


def test_it_stores_and_tells_what_the_index_gains(tmp_path: Path) -> None:
    run = publish_rendition(encoded(tmp_path, first_segment=2), folder=FOLDER, heartbeat=still_ours)
    assert run == SegmentRun(first_number=2, start_ticks=200, durations=(102, 103), sizes=(9, 9))
    assert stored("init.mp4") == b"init"
    assert [stored("00002.m4s"), stored("00003.m4s")] == [b"segment 2", b"segment 3"]


def test_doing_it_twice_changes_nothing(tmp_path: Path) -> None:
    rendition = encoded(tmp_path)
    assert publish_rendition(rendition, folder=FOLDER, heartbeat=still_ours) == publish_rendition(
        rendition, folder=FOLDER, heartbeat=still_ours
    )
    assert stored("00001.m4s") == b"segment 1"


def test_chunks_of_different_encoders_are_not_mixed(tmp_path: Path) -> None:
    publish_rendition(encoded(tmp_path), folder=FOLDER, heartbeat=still_ours)
    other = replace(encoded(tmp_path, first_segment=2), init=b"another")
    with pytest.raises(EncodeUnverified, match="init segments"):
        publish_rendition(other, folder=FOLDER, heartbeat=still_ours)
    assert stored("init.mp4") == b"init"


@pytest.mark.parametrize(
    ("asked", "kept"),
    [(1, []), (2, ["init.mp4"]), (3, ["init.mp4", "00000.m4s"])],
)
def test_a_worker_that_lost_its_step_stops_before_the_next_object(
    asked: int, kept: list[str], tmp_path: Path
) -> None:
    def heartbeat() -> None:
        asks.append("asked")
        if len(asks) == asked:
            message = "lost"
            raise StaleWork(message)

    asks: list[str] = []
    with pytest.raises(StaleWork):
        publish_rendition(encoded(tmp_path), folder=FOLDER, heartbeat=heartbeat)
    names = ("init.mp4", "00000.m4s", "00001.m4s")
    assert [name for name in names if exists(f"{FOLDER}/{name}")] == kept
