from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.errors import Fault
from gilfoyle.lib.outbound import OutboundFault
from videos.imports.errors import ServerBusy, SourceChanged, SourceNotThere
from videos.imports.parts import Body, Part, Version
from videos.imports.reading import LEAST_BYTES, PAUSES_S, STRETCH_S, Pace, RemoteReader

DATA = bytes(range(256)) * 8


@dataclass
class Shaky:
    """A file whose connections break after so many bytes; `begins_anew` of its answers start from the beginning."""

    cuts: list[int] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    begins_anew: bool = False
    version: Version = field(default_factory=lambda: Version(len(DATA), '"v1"'))
    opened_at: list[int] = field(default_factory=list)

    def open(self, first: int, known: Version | None, *, stack: ExitStack) -> Body:
        del known, stack
        self.opened_at.append(first)
        if self.errors:
            raise self.errors.pop(0)
        begin = 0 if self.begins_anew else first
        return Body(Part(begin, self.version), self._pieces(begin))

    def _pieces(self, first: int) -> Iterator[bytes]:
        end = first + self.cuts.pop(0) if self.cuts else len(DATA)
        for start in range(first, min(end, len(DATA)), 100):
            yield DATA[start : min(start + 100, end)]
        if end < len(DATA):
            raise OutboundFault("The server broke off.")


def read_all(remote: Shaky, sizes: list[int] | None = None, pauses: list[float] | None = None) -> bytes:
    asked = iter(sizes or [])
    with RemoteReader(remote, pause=(pauses if pauses is not None else []).append) as reader:
        pieces = []
        while piece := reader.read(next(asked, 64)):
            pieces.append(piece)
        assert reader.received_bytes == len(b"".join(pieces))
    return b"".join(pieces)


@given(
    cuts=st.lists(st.integers(1, 700), max_size=12),
    sizes=st.lists(st.integers(1, 300), max_size=30),
    begins_anew=st.booleans(),
)
def test_it_is_whole_over_however_many_connections(
    cuts: list[int], sizes: list[int], begins_anew: bool
) -> None:
    if begins_anew:
        cuts = [sum(cuts[: count + 1]) for count in range(len(cuts))]  # or it never gets any further
    assert read_all(Shaky(cuts, begins_anew=begins_anew), sizes) == DATA


def test_tries_that_bring_nothing_come_to_an_end_and_the_count_begins_anew_with_each_byte() -> None:
    pauses: list[float] = []
    assert read_all(Shaky([10, 0, 0, 0, 10, 0, 0, 0]), pauses=pauses) == DATA
    assert pauses == [*PAUSES_S, *PAUSES_S]
    with pytest.raises(OutboundFault):
        read_all(Shaky([10, 0, 0, 0, 0]))


def test_a_busy_server_is_asked_again() -> None:
    remote = Shaky([10])
    with RemoteReader(remote, pause=lambda _s: None) as reader:
        assert reader.read(10) == DATA[:10]
        remote.errors = [ServerBusy("busy"), OutboundFault("away")]
        assert reader.read(10) == DATA[10:20]
    assert remote.opened_at == [0, 10, 10, 10]


@pytest.mark.parametrize("error", [SourceChanged("changed"), SourceNotThere("gone")])
def test_what_no_try_mends_is_told_at_once(error: Exception) -> None:
    remote = Shaky([10])
    with RemoteReader(remote, pause=lambda _s: None) as reader:
        reader.read(10)
        remote.errors = [error]
        with pytest.raises(type(error)):
            reader.read(10)


def test_without_a_mark_two_halves_are_not_put_together() -> None:
    with pytest.raises(OutboundFault):
        read_all(Shaky([10], version=Version(len(DATA))))


def test_an_end_before_the_announced_one_is_a_break() -> None:
    with pytest.raises(Fault, match="broke off"):
        read_all(Shaky(version=Version(len(DATA) + 1)))


def test_of_a_file_of_unknown_length_the_end_is_the_end() -> None:
    assert read_all(Shaky(version=Version(None))) == DATA


def test_whoever_stops_us_between_two_tries_is_heard() -> None:
    def stop(_pause_s: float) -> None:
        raise InterruptedError

    with RemoteReader(Shaky([10]), pause=stop) as reader:
        reader.read(10)
        with pytest.raises(InterruptedError):
            reader.read(10)


def test_a_server_that_drips_is_left_for_others() -> None:
    pace = Pace(0, 1000)
    pace.note(1001, STRETCH_S - 1)
    pace.note(1000 + LEAST_BYTES, STRETCH_S)
    pace.note(1000 + LEAST_BYTES, 2 * STRETCH_S - 1)
    with pytest.raises(ServerBusy):
        pace.note(1000 + 2 * LEAST_BYTES - 1, 2 * STRETCH_S)
