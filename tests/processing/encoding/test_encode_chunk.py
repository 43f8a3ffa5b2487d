"""Chunks of every kind of source, put together again, are the source: every frame, once, in its time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.clips import read_numbers
from tests.processing.sources import EVERY, VIDEOS
from tests.processing.whole_encode import encode_whole


@pytest.mark.parametrize("kind", VIDEOS)
def test_it_encodes_every_frame_of_every_kind_of_source_on_the_grid(kind: str, tmp_path: Path) -> None:
    make, rate, frames, compared = VIDEOS[kind]
    whole = encode_whole(make(tmp_path), tmp_path / "work")
    video = whole.plan.video
    assert video is not None
    assert (video.frame_rate, video.frame_count) == (Fraction(rate), frames)
    names = [rung.name for rung in video.rungs]
    starts = {name: whole.starts(name) for name in names}
    segment_ticks = video.segment_frames * video.frame_ticks
    assert starts[names[0]] == list(range(0, frames * video.frame_ticks, segment_ticks))
    for rung in video.rungs:
        assert starts[rung.name] == starts[names[0]], "segments of all rungs must be aligned"
        assert len(whole.inits(rung.name)) == 1, "all chunks must share one init segment"
        joined = whole.join(rung.name, tmp_path / f"{rung.name}.mp4")
        numbers = read_numbers(joined, size=(rung.width, rung.height))
        assert len(numbers) == frames
        if compared == EVERY:
            assert numbers == list(range(frames))
