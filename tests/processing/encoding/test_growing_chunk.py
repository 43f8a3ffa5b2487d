"""A chunk's segments are handed over while they are being encoded: verified, of all rungs alike, each once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from processing.encoding import growing_chunk
from processing.encoding.encode_chunk import encode_chunk
from processing.encoding.growing_chunk import GrowingRung, Listeners, Offer
from processing.errors import EncodeUnverified
from processing.ffmpeg.capabilities import usable_ffmpeg
from processing.ffmpeg.commands import chunk_argv
from processing.media import Chunk, EncodedRendition, EncodePlan, VideoPlan
from tests.clips import make_clip, run_tool
from tests.processing.whole_encode import ENCODING, plan_of

NAMES = ("v180", "v90")
Parts = list[tuple[EncodedRendition, ...]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[EncodePlan, Chunk, dict[str, bytes]]:
    """Four segments of a second in two rungs, as ffmpeg has written them."""
    folder = tmp_path_factory.mktemp("made")
    source = make_clip(folder / "a.mp4", duration_s=5, audio=False)
    plan = plan_of(source)[1]
    assert plan.video is not None
    chunk = replace(plan.chunks[-1], rung_names=NAMES)
    targets = [folder / f"{name}.mp4" for name in NAMES]
    argv = chunk_argv(usable_ffmpeg(ENCODING.ffmpeg), source, plan, chunk, targets=targets, encoding=ENCODING)
    run_tool(*argv[1:])
    return plan, chunk, {target.stem: target.read_bytes() for target in targets}


class Writing:
    """Two files that grow like those of an encoder which has come to its rungs at different times."""

    def __init__(self, made: tuple[EncodePlan, Chunk, dict[str, bytes]], folder: Path) -> None:
        plan, self.chunk, self._files = made
        assert plan.video is not None
        self.video: VideoPlan = plan.video
        self._folder = folder
        self.rungs = [
            GrowingRung(
                folder / f"{name}.mp4", self.video.rung(name), self.video, self.chunk, folder=folder / name
            )
            for name in NAMES
        ]

    def write(self, *shares: float) -> None:
        for name, share in zip(NAMES, shares, strict=True):
            data = self._files[name]
            (self._folder / f"{name}.mp4").write_bytes(data[: round(len(data) * share)])


def good(begun: Sequence[EncodedRendition]) -> dict[str, float]:
    return {one.name: 0.9 for one in begun}


def numbers(parts: Parts) -> list[list[tuple[str, int, int]]]:
    return [[(one.name, one.first_segment, len(one.segments)) for one in part] for part in parts]


def test_all_rungs_advance_together_and_the_last_segment_is_left(made: Any, tmp_path: Path) -> None:
    writing, parts = Writing(made, tmp_path), Parts()
    offer = Offer(parts.append, good, pause_s=0)
    for shares in ((0.0, 0.1), (0.6, 0.0), (0.6, 0.3), (0.99, 0.4), (1, 1)):
        writing.write(*shares)
        offer.look(writing.rungs)
    first = writing.chunk.first_segment
    for part in parts:
        assert [one.name for one in part] == list(NAMES)
        assert len({(one.first_segment, one.start_ticks, len(one.segments)) for one in part}) == 1
        assert {one.ssim for one in part} == {0.9}
    told = [number for part in parts for number in range(part[0].first_segment, part[0].first_segment + len(part[0].segments))]  # fmt: skip
    assert told == [first, first + 1, first + 2]
    assert len(parts) > 1
    for rung in writing.rungs:
        rung.finish()
        rest = rung.take_rest()
        assert (rest.first_segment, len(rest.segments)) == (first + 3, 1)
        assert rest.start_ticks == (writing.chunk.first_frame + 3 * writing.video.segment_frames) * (
            writing.video.frame_ticks
        )


def test_nothing_is_told_before_the_pictures_are_compared(made: Any, tmp_path: Path) -> None:
    writing, parts, asked = Writing(made, tmp_path), Parts(), 0

    def judge(begun: Sequence[EncodedRendition]) -> dict[str, float] | None:
        nonlocal asked
        asked += 1
        assert all((tmp_path / one.name / "00001.m4s").exists() for one in begun)
        return good(begun) if asked > 1 else None

    offer = Offer(parts.append, judge, pause_s=0)
    writing.write(0.7, 0.7)
    offer.look(writing.rungs)
    assert not parts
    offer.look(writing.rungs)
    assert parts
    writing.write(1, 1)
    offer.look(writing.rungs)
    assert asked == 2, "once is enough"


def test_it_waits_between_two_times(made: Any, tmp_path: Path) -> None:
    writing, parts = Writing(made, tmp_path), Parts()
    writing.write(1, 1)
    Offer(parts.append, good, pause_s=3600).look(writing.rungs)
    assert not parts


def test_what_is_not_as_planned_is_found_before_it_is_told(made: Any, tmp_path: Path) -> None:
    plan, chunk, files = made
    moved = replace(chunk, first_frame=chunk.first_frame + 1)
    writing, parts = Writing((plan, moved, files), tmp_path), Parts()
    writing.write(0.7, 0.7)
    with pytest.raises(EncodeUnverified, match="v180, frame"):
        Offer(parts.append, good, pause_s=0).look(writing.rungs)
    assert not parts


def test_a_segment_too_few_or_too_many_is_found(made: Any, tmp_path: Path) -> None:
    plan, chunk, files = made
    for name, by in (("few", 30), ("many", -30)):
        (tmp_path / name).mkdir()
        writing = Writing((plan, replace(chunk, end_frame=chunk.end_frame + by), files), tmp_path / name)
        writing.write(1, 1)
        with pytest.raises(EncodeUnverified, match="number of segments of v180"):
            writing.rungs[0].finish()


def test_what_is_no_video_is_found(made: Any, tmp_path: Path) -> None:
    plan, chunk, files = made
    writing = Writing((plan, chunk, dict.fromkeys(files, b"\x00\x00\x00\x01moof")), tmp_path)
    writing.write(1, 1)
    with pytest.raises(EncodeUnverified, match="can't be read"):
        writing.rungs[0].read_more()


def chunk_of(folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, EncodePlan, Chunk]:
    """A chunk whose encoder is looked at once more when it has written everything."""
    real: Any = encode_chunk.__globals__["run_ffmpeg"]

    def run_and_look(*given: Any, heartbeat: Any, **named: Any) -> str:
        said: str = real(*given, heartbeat=heartbeat, **named)
        heartbeat()
        return said

    monkeypatch.setitem(encode_chunk.__globals__, "run_ffmpeg", run_and_look)
    monkeypatch.setattr(growing_chunk, "PAUSE_S", 0)
    source = make_clip(folder / "a.mp4", duration_s=5, audio=False)
    plan = plan_of(source)[1]
    (folder / "work").mkdir()
    return source, plan, plan.chunks[-1]


def test_a_chunk_is_handed_over_while_it_is_encoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, plan, chunk = chunk_of(tmp_path, monkeypatch)
    parts: Parts = []
    rest = encode_chunk(
        source, plan, chunk, work_dir=tmp_path / "work", encoding=ENCODING, tell=Listeners(on_parts=parts.append)
    )  # fmt: skip
    told = [one for part in (*parts, rest) for one in part if one.name == "v180"]
    assert parts
    assert sum(len(one.segments) for one in told) == 4
    assert len({one.init for one in told}) == 1
    assert {one.ssim for one in told} == {told[0].ssim}
    assert (told[0].ssim or 0) > 0.9
    assert len(rest[0].segments) == 1
    assert not (tmp_path / "work" / "reference.yuv").exists()


def test_pictures_that_are_others_are_never_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, plan, chunk = chunk_of(tmp_path, monkeypatch)
    for floor in ("FLOOR_SSIM", "FLOOR_LIKENESS"):
        monkeypatch.setattr(f"processing.encoding.encode_chunk.{floor}", 1.1)
    parts: Parts = []
    with pytest.raises(EncodeUnverified, match="does not show the source's picture"):
        encode_chunk(
            source, plan, chunk, work_dir=tmp_path / "work", encoding=ENCODING, tell=Listeners(on_parts=parts.append)
        )  # fmt: skip
    assert not parts
