from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from gilfoyle.lib.config import EncodingSettings
from processing.encoding.trial import try_samples
from processing.ladder.adapt import crf_raise
from tests.clips import make_clip, run_tool
from tests.processing.whole_encode import plan_of

ENCODING = EncodingSettings(preset="ultrafast", threads=1)
NOISE = "testsrc2=s=320x180:r=10:d=24,noise=alls=60:allf=t"
STILL = "color=c=0x336699:s=320x180:r=10:d=24,drawbox=x=40:y=40:w=90:h=60:color=white:t=fill"


def tried(picture: str, folder: Path):
    source = folder / "a.mp4"
    folder.mkdir()
    run_tool(
        "-f",
        "lavfi",
        "-i",
        picture,
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-qp",
        "10",
        "-g",
        "20",
        source,
    )
    plan = plan_of(source, ENCODING)[1]
    (folder / "work").mkdir()
    shares: list[float] = []
    trial = try_samples(source, plan, work_dir=folder / "work", encoding=ENCODING, on_progress=shares.append)
    assert shares == [0.5, 1.0]
    return trial


def test_noise_is_harder_than_a_still_and_only_the_still_saves_bits(tmp_path: Path) -> None:
    noise, still = tried(NOISE, tmp_path / "noise"), tried(STILL, tmp_path / "still")
    assert noise.bitrate_bps > 20 * still.bitrate_bps
    assert len(noise.scores) == len(still.scores) == 2
    assert (crf_raise(noise, target_vmaf=99), crf_raise(still, target_vmaf=90) > 0) == (0, True)


def test_a_plan_without_samples_has_nothing_to_try(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    plan = plan_of(source)[1]
    assert plan.video is not None
    assert plan.video.samples == ()
    with pytest.raises(ValueError, match="no samples"):
        try_samples(source, plan, work_dir=tmp_path, encoding=ENCODING)
    with pytest.raises(ValueError, match="no samples"):
        try_samples(source, replace(plan, video=None), work_dir=tmp_path, encoding=ENCODING)
