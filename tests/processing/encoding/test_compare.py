from __future__ import annotations

from pathlib import Path

import pytest

from processing.encoding.compare import Comparison, compare, read_report
from processing.encoding.encode_chunk import encode_rungs
from processing.errors import EncodeUnverified
from processing.ffmpeg.filters import Metric
from processing.media import EncodedRendition
from tests.clips import make_clip, run_tool
from tests.processing.sources import VIDEOS
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
    scores = compare(what, renditions, metric=metric)
    assert set(scores) == {"v180", "v90"}
    assert all(score > (70 if metric == "vmaf" else 0.9) for score in scores.values())
    left = {path.name for path in what.work_dir.iterdir()}
    assert left == {"reference.yuv", "v180", "v90"}, "samples and reports are gone"


def test_pictures_of_another_time_are_not(tmp_path: Path) -> None:
    pictures = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=2,negate,hue=h=90")
    other = make_clip(tmp_path / "other.mp4", video=False, audio=False, output_args=(*pictures, "-t", "2"))
    shown, _ = encoded(other, tmp_path / "shown", 0)
    what, renditions = encoded(make_clip(tmp_path / "a.mp4", duration_s=2), tmp_path / "work", 0)
    shown.reference.path.replace(what.reference.path)
    for metric in METRICS:
        scores = compare(what, renditions, metric=metric)
        assert max(scores.values()) < 0.5


@pytest.mark.parametrize("kept", [None, 0, 7, 9])
def test_what_was_not_kept_whole_compares_with_nothing(kept: int | None, tmp_path: Path) -> None:
    what, renditions = encoded(make_clip(tmp_path / "a.mp4", duration_s=1), tmp_path / "work", 0)
    path = what.reference.path
    pictures = path.read_bytes()
    path.unlink()
    if kept is not None:
        path.write_bytes((2 * pictures)[: kept * len(pictures) // 8])
    with pytest.raises(EncodeUnverified, match="to compare with"):
        compare(what, renditions, metric="ssim")


@pytest.mark.parametrize("name", ["landscape", "one frame", "rotated", "odd size"])
def test_what_is_kept_are_the_first_pictures_of_the_source(name: str, tmp_path: Path) -> None:
    """Decoded a second time, and one by one, they are the same: no rung's encoder had a hand in them."""
    source = VIDEOS[name][0](tmp_path)
    what, _ = encoded(source, tmp_path / "work", 0)
    rung = what.reference.rung
    decoded = run_tool(
        "-i", source, "-frames:v", str(what.reference.frames), "-vf", f"scale={rung.width}:{rung.height}:flags=lanczos",
        "-f", "rawvideo", "-pix_fmt", "yuv420p", "-",
    )  # fmt: skip
    kept = what.reference.path.read_bytes()
    assert len(kept) == len(decoded) == what.reference.size_bytes
    off = sum(abs(one - other) for one, other in zip(kept[::7], decoded[::7], strict=True)) / (len(kept) / 7)
    assert off < 3


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
