from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from processing.errors import EncodeUnverified, ToolFailed
from processing.ffmpeg.runner import run_ffmpeg
from processing.images.gray_pictures import read_gray_pictures
from processing.ladder.planner import plan_encode
from processing.media import EncodePlan
from processing.probing.probe import probe_source
from tests.clips import make_clip


def planned(source: Path, settings: Any) -> EncodePlan:
    config = settings.GILFOYLE
    info = probe_source(source, upload=config.upload, encoding=config.encoding)
    return plan_encode(info, encoding=config.encoding)


def read(source: Path, plan: EncodePlan, settings: Any, folder: Path, rate: int = 3) -> Any:
    work_dir = folder / "work"
    work_dir.mkdir(exist_ok=True)
    target = read_gray_pictures(
        source, plan, rate=rate, side_px=64, work_dir=work_dir, encoding=settings.GILFOYLE.encoding
    )
    return np.frombuffer(target.read_bytes(), np.uint8).reshape(-1, 64, 64)


def test_so_many_pictures_a_second_come_square_and_gray(tmp_path: Path, settings: Any) -> None:
    clip = make_clip(tmp_path / "a.mp4", duration_s=2, size=(320, 180))
    plan = planned(clip, settings)
    frames = read(clip, plan, settings, tmp_path)
    assert frames.shape == (6, 64, 64)
    assert frames.max() > 200, "white blocks are white"
    assert frames.min() < 20, "black ones black"
    assert len(read(clip, plan, settings, tmp_path, rate=8)) == 16


def test_of_a_source_that_breaks_off_what_came_is_enough_or_it_fails(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = make_clip(tmp_path / "a.mp4", duration_s=2, size=(320, 180))
    plan = planned(clip, settings)
    real = run_ffmpeg

    def broken_off(share: float):
        def run(argv: list[str], **options: Any) -> None:
            real(argv, **options)
            target = Path(
                argv[-2].removeprefix("file:") if argv[-1] == "-y" else argv[-1].removeprefix("file:")
            )
            data = target.read_bytes()
            target.write_bytes(data[: int(len(data) * share)])
            message = "broken off"
            raise ToolFailed(message, argv=(), exit_code=1, stderr_tail="")

        return run

    monkeypatch.setattr("processing.images.gray_pictures.run_ffmpeg", broken_off(0.95))
    with pytest.raises(ToolFailed):
        read(clip, plan, settings, tmp_path)
    monkeypatch.setattr("processing.images.gray_pictures.run_ffmpeg", broken_off(1.0))
    assert len(read(clip, plan, settings, tmp_path)) == 6


def test_nothing_at_all_is_no_result(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "a.mp4", duration_s=1, size=(160, 90))
    plan = planned(clip, settings)
    monkeypatch.setattr("processing.images.gray_pictures.run_ffmpeg", lambda *_a, **_o: "")
    with pytest.raises(EncodeUnverified):
        read(clip, plan, settings, tmp_path)
