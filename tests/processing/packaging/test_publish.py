from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from gilfoyle.lib.errors import StaleWork
from gilfoyle.lib.storage import add_bytes, exists, open_stored
from processing.errors import EncodeUnverified
from processing.media import EncodedRendition, EncodedSegment
from processing.packaging.fragments import build_fragment
from processing.packaging.publish import publish_rendition
from videos.segment_cipher import SegmentCipher
from videos.segment_index import SegmentRun

FOLDER = "renditions/p/v/r/v360"
CIPHER = SegmentCipher(b"c" * 32)


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


def real(folder: Path, filling: bytes, *, samples: int = 3) -> EncodedRendition:
    """Two segments of real boxes; attempts differ in `filling`."""
    folder.mkdir()
    rendition = encoded(folder)
    segments = []
    for number in range(2):
        path = folder / f"{number}.m4s"
        path.write_bytes(
            build_fragment(
                sequence=number + 1, decode_time=number * 30, sample_duration=10, samples=[filling] * samples
            )
        )
        segments.append(EncodedSegment(path, duration_ticks=10 * samples, size_bytes=path.stat().st_size))
    return replace(rendition, segments=tuple(segments))


def test_what_an_earlier_attempt_stored_is_taken_over_with_its_size(tmp_path: Path) -> None:
    first = publish_rendition(real(tmp_path / "1", b"one"), folder=FOLDER, heartbeat=still_ours)
    second = publish_rendition(real(tmp_path / "2", b"longer"), folder=FOLDER, heartbeat=still_ours)
    assert first == second
    assert [len(stored(name)) for name in ("00000.m4s", "00001.m4s")] == list(second.sizes)
    assert b"one" in stored("00000.m4s")


@pytest.mark.parametrize("earlier", [b"no boxes", b""])
def test_what_can_t_be_read_is_not_taken_over(earlier: bytes, tmp_path: Path) -> None:
    add_bytes(f"{FOLDER}/00001.m4s", earlier)
    with pytest.raises(EncodeUnverified, match="other times"):
        publish_rendition(real(tmp_path / "1", b"one"), folder=FOLDER, heartbeat=still_ours)


def test_a_segment_of_another_length_is_not_taken_over(tmp_path: Path) -> None:
    publish_rendition(real(tmp_path / "1", b"one", samples=4), folder=FOLDER, heartbeat=still_ours)
    with pytest.raises(EncodeUnverified, match="other times"):
        publish_rendition(real(tmp_path / "2", b"one"), folder=FOLDER, heartbeat=still_ours)


SCHEDULES = [
    "".join("A" if place in places else "B" for place in range(6))
    for places in itertools.combinations(range(6), 3)
]


class Turns:
    """Lets two attempts store one object at a time, in the order of a schedule, and looks at the store in between."""

    def __init__(self, schedule: str) -> None:
        self._left, self._turn = list(schedule), threading.Condition()
        self._working = ""
        self.seen: dict[str, bytes] = {}

    def take(self, attempt: str) -> None:
        with self._turn:
            self._ended(attempt)
            assert self._turn.wait_for(lambda: not self._working and self._left[0] == attempt, timeout=60)
            self._working = self._left.pop(0)

    def _ended(self, attempt: str) -> None:
        if self._working == attempt:
            self._working = ""
            names = ("init.mp4", "00000.m4s", "00001.m4s")
            now = {name: stored(name) for name in names if exists(f"{FOLDER}/{name}")}
            assert {name: now[name] for name in self.seen} == self.seen, "what was stored has changed"
            self.seen = now
            self._turn.notify_all()

    def end(self, attempt: str) -> None:
        with self._turn:
            self._ended(attempt)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_two_attempts_in_any_order_leave_the_first_bytes_and_true_sizes(
    schedule: str, tmp_path: Path
) -> None:
    turns = Turns(schedule)

    def publish(attempt: str) -> SegmentRun:
        rendition = real(tmp_path / attempt, attempt.encode() * (3 if attempt == "A" else 5))
        run = publish_rendition(rendition, folder=FOLDER, heartbeat=lambda: turns.take(attempt))
        turns.end(attempt)
        return run

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(publish, "AB"))
    assert runs[0] == runs[1]
    assert [len(stored(name)) for name in ("00000.m4s", "00001.m4s")] == list(runs[0].sizes)
    firsts = [min(("A", "B"), key=lambda a: [p for p, c in enumerate(schedule) if c == a][n]) for n in (1, 2)]
    for name, first in zip(("00000.m4s", "00001.m4s"), firsts, strict=True):
        assert first.encode() * 3 in stored(name)


def test_with_a_cipher_no_clear_segment_is_stored(tmp_path: Path) -> None:
    rendition = encoded(tmp_path, first_segment=2)
    run = publish_rendition(rendition, folder=FOLDER, heartbeat=still_ours, cipher=CIPHER)
    assert run == SegmentRun(first_number=2, start_ticks=200, durations=(102, 103), sizes=(16, 16))
    assert stored("init.mp4") == b"init"
    objects = {number: stored(f"{number:05d}.m4s") for number in (2, 3)}
    assert all(b"segment" not in data for data in objects.values())
    assert CIPHER.decrypt(objects[3], rendition="v360", number=3) == b"segment 3"
    # Once more it is the same object, which its first writer has stored for good.
    assert run == publish_rendition(rendition, folder=FOLDER, heartbeat=still_ours, cipher=CIPHER)
    assert {number: stored(f"{number:05d}.m4s") for number in (2, 3)} == objects


def test_of_two_encrypted_attempts_the_first_wins_where_the_times_are_the_same(tmp_path: Path) -> None:
    def publish(rendition: EncodedRendition) -> SegmentRun:
        return publish_rendition(rendition, folder=FOLDER, heartbeat=still_ours, cipher=CIPHER)

    first = publish(real(tmp_path / "1", b"one"))
    objects = [stored(name) for name in ("00000.m4s", "00001.m4s")]
    assert first == publish(real(tmp_path / "2", b"longer"))
    assert objects == [stored(name) for name in ("00000.m4s", "00001.m4s")]
    assert [len(data) for data in objects] == list(first.sizes)
    with pytest.raises(EncodeUnverified, match="other times"):
        publish(real(tmp_path / "3", b"one", samples=2))


def test_what_another_key_has_encrypted_is_not_taken_over(tmp_path: Path) -> None:
    rendition = encoded(tmp_path)
    publish_rendition(rendition, folder=FOLDER, heartbeat=still_ours, cipher=SegmentCipher(b"d" * 32))
    with pytest.raises(EncodeUnverified):
        publish_rendition(rendition, folder=FOLDER, heartbeat=still_ours, cipher=CIPHER)


def pictures(folder: Path, first: bytes, filling: bytes) -> EncodedRendition:
    """One segment of H.264, whose first sample is `first`."""
    folder.mkdir()
    rendition = encoded(folder, init=AVC_INIT)
    path = folder / "0.m4s"
    samples = [first, *[filling] * 3]
    path.write_bytes(build_fragment(sequence=1, decode_time=0, sample_duration=10, samples=samples))
    segment = EncodedSegment(path, duration_ticks=40, size_bytes=path.stat().st_size)
    return replace(rendition, segments=(segment,))


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


SAMPLE_ENTRY = box(b"avc1", bytes(78) + box(b"avcC", bytes([1, 100, 0, 30, 0xFF])))
MEDIA = box(b"mdhd", bytes(24)) + box(b"minf", box(b"stbl", box(b"stsd", bytes(8) + SAMPLE_ENTRY)))
AVC_INIT = box(b"moov", box(b"trak", box(b"mdia", MEDIA)))
IDR, NO_IDR = b"\0\0\0\x02\x65\1", b"\0\0\0\x02\x41\1"


@pytest.mark.parametrize("cipher", [None, CIPHER])
def test_the_index_gains_where_key_frames_end_in_what_is_stored(
    cipher: SegmentCipher | None, tmp_path: Path
) -> None:
    def publish(name: str, first: bytes) -> SegmentRun:
        rendition = pictures(tmp_path / name, first, b"filling " * 5)
        return publish_rendition(rendition, folder=FOLDER, heartbeat=still_ours, cipher=cipher)

    run = publish("1", IDR)
    (whole,) = run.sizes if cipher is None else (len((tmp_path / "1" / "0.m4s").read_bytes()),)
    assert run.key_frame_sizes == (whole - 3 * 40,)
    # Of a second attempt it is still what the first one stored that counts.
    assert publish("2", IDR + IDR) == run
    assert publish("3", NO_IDR) == run


def test_what_begins_with_no_key_frame_is_said_to_have_none(tmp_path: Path) -> None:
    rendition = pictures(tmp_path / "1", NO_IDR, b"filling")
    assert publish_rendition(rendition, folder=FOLDER, heartbeat=still_ours).key_frame_sizes == ()
