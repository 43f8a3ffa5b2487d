from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from processing.encoding.compare import Comparison, compare, read_report
from processing.encoding.encode_chunk import encode_rungs
from processing.errors import EncodeUnverified
from processing.ffmpeg.filters import Metric
from processing.media import EncodedRendition
from tests.clips import make_clip
from tests.processing.whole_encode import SMALL_CHUNKS, plan_of

METRICS: tuple[Metric, ...] = ("ssim", "likeness")


def encoded(
    source: Path, folder: Path, position: int = -1
) -> tuple[Comparison, tuple[EncodedRendition, ...]]:
    folder.mkdir()
    plan = plan_of(source, SMALL_CHUNKS)[1]
    what = Comparison(source, plan, plan.chunks[position], folder, SMALL_CHUNKS, lambda: None)
    return what, encode_rungs(what)


@pytest.mark.parametrize("metric", ["ssim", "vmaf", "likeness"])
def test_what_was_encoded_is_like_its_source(metric, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.ts", duration_s=4, audio=False)
    what, renditions = encoded(source, tmp_path / "work")
    scores = compare(what, renditions, metric=metric, frames=8)
    assert set(scores) == {"v180", "v90"}
    assert all(score > (70 if metric == "vmaf" else 0.9) for score in scores.values())
    left = {path.name for path in what.work_dir.iterdir()}
    assert left == {"v180", "v90"}, "samples and reports are gone"


def test_pictures_of_another_time_are_not(tmp_path: Path) -> None:
    pictures = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2,negate,hue=h=90")
    other = make_clip(tmp_path / "other.mp4", video=False, audio=False, output_args=(*pictures, "-t", "2"))
    what, renditions = encoded(make_clip(tmp_path / "a.mp4", duration_s=2), tmp_path / "work", 0)
    for metric in METRICS:
        scores = compare(replace(what, source=other), renditions, metric=metric, frames=8)
        assert max(scores.values()) < 0.5


def test_a_report_without_pictures_is_no_score(tmp_path: Path) -> None:
    cut_off = "n:1 Y:0.98 U:0.99 V:0.99 All:0.9"
    for metric, text in (
        ("ssim", ""),
        ("ssim", cut_off),
        ("vmaf", ""),
        ("vmaf", "{}"),
        ("vmaf", '{"frames": []}'),
    ):
        (tmp_path / "report").write_text(text)
        with pytest.raises(EncodeUnverified):
            read_report(tmp_path / "report", metric)  # type: ignore[arg-type]  # from the table
    with pytest.raises(EncodeUnverified):
        read_report(tmp_path / "none", "ssim")
