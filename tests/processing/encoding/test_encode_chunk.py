"""Chunks of every kind of source, put together again, are the source: every frame, once, in its time."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from gilfoyle.lib.errors import StaleWork
from processing.encoding.encode_chunk import FLOOR_SSIM, encode_chunk
from processing.encoding.growing_chunk import Listeners
from processing.errors import EncodeUnverified, ToolFailed
from processing.media import EncodePlan
from processing.probing.probe import probe_source
from tests.clips import make_clip, remux_clip, run_tool
from tests.processing.sources import VIDEOS
from tests.processing.whole_encode import ENCODING, SMALL_CHUNKS, UPLOAD, encode_whole, plan_of


def test_an_interlaced_source_is_deinterlaced(tmp_path: Path) -> None:
    plan = plan_of(VIDEOS["interlaced"][0](tmp_path))[1]
    assert plan.video is not None
    assert plan.video.is_interlaced


def test_hdr_becomes_ordinary_colours(tmp_path: Path) -> None:
    source = tmp_path / "hdr.mp4"
    run_tool(
        "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=1",
        "-vf", "setparams=colorspace=bt709:color_trc=bt709:color_primaries=bt709,"
        "zscale=t=smpte2084:p=bt2020:m=bt2020nc:r=tv,format=yuv420p10le",
        "-c:v", "libx265", "-preset", "ultrafast",
        "-x265-params", "log-level=none:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc", source,
    )  # fmt: skip
    whole = encode_whole(source, tmp_path / "work")
    assert whole.plan.video is not None
    assert whole.plan.video.is_hdr
    video = probe_source(whole.join("v180", tmp_path / "o.mp4"), upload=UPLOAD, encoding=ENCODING).video
    assert video is not None
    assert (video.transfer, video.has_known_matrix, video.pixel_format) == ("", True, "yuv420p")


def test_rotated_and_anamorphic_pictures_are_upright_with_square_pixels(tmp_path: Path) -> None:
    source = make_clip(
        tmp_path / "pal.mp4", size=(240, 192), duration_s=1, output_args=("-vf", "setsar=16/15")
    )
    turned = remux_clip(tmp_path / "turned.mp4", source, input_args=("-display_rotation", "90"))
    whole = encode_whole(turned, tmp_path / "work")
    name = max(whole.runs, key=lambda run: run.startswith("v") and int(run[1:]))
    video = probe_source(whole.join(name, tmp_path / "o.mp4"), upload=UPLOAD, encoding=ENCODING).video
    assert video is not None
    assert (video.width, video.height, video.sample_aspect, video.rotation) == (180, 240, Fraction(1), 0)


def test_chunks_of_different_quality_share_one_init_segment(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=2)
    plan = plan_of(source, SMALL_CHUNKS)[1]
    assert plan.video is not None
    inits: dict[str, set[bytes]] = {}
    for chunk, crf in zip(plan.chunks[-2:], (16.0, 31.5), strict=True):
        rungs = tuple(replace(rung, crf=crf) for rung in plan.video.rungs)
        work_dir = tmp_path / f"crf{crf}"
        work_dir.mkdir()
        changed = replace(plan, video=replace(plan.video, rungs=rungs))
        for run in encode_chunk(source, changed, chunk, work_dir=work_dir, encoding=SMALL_CHUNKS):
            inits.setdefault(run.name, set()).add(run.init)
    assert {name: len(found) for name, found in inits.items()} == {"v180": 1, "v90": 1}


def test_it_reports_its_share_and_stops_when_the_lease_is_lost(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4")
    plan = plan_of(source)[1]
    shares: list[float] = []
    (tmp_path / "whole").mkdir()
    encode_chunk(
        source,
        plan,
        plan.chunks[0],
        work_dir=tmp_path / "whole",
        encoding=ENCODING,
        on_progress=shares.append,
    )
    assert shares[-1] == 1
    assert shares == sorted(shares)

    def lost() -> None:
        message = "the lease is lost"
        raise StaleWork(message)

    with pytest.raises(StaleWork):
        encode_chunk(source, plan, plan.chunks[0], work_dir=tmp_path, encoding=ENCODING, heartbeat=lost)


def test_a_source_that_breaks_off_is_not_taken_for_whole(tmp_path: Path) -> None:
    """Between probing and encoding the file loses its second half, as on a failing disk."""
    source = make_clip(tmp_path / "a.ts", duration_s=6)
    plan = plan_of(source, SMALL_CHUNKS)[1]
    data = source.read_bytes()
    source.write_bytes(data[: len(data) // 2])
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    with pytest.raises((EncodeUnverified, ToolFailed)):
        encode_chunk(source, plan, plan.chunks[4], work_dir=work_dir, encoding=SMALL_CHUNKS)


def test_a_list_of_files_makes_ffmpeg_read_none_of_them(tmp_path: Path) -> None:
    """Also when it comes past the probe: the plan is that of a real video, the file is exchanged afterwards."""
    neighbour = make_clip(tmp_path / "neighbour.mp4")
    plan = plan_of(neighbour)[1]
    listing = tmp_path / "source"
    listing.write_text("ffconcat version 1.0\nfile neighbour.mp4\n")
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    with pytest.raises(ToolFailed):
        encode_chunk(listing, plan, plan.chunks[0], work_dir=work_dir, encoding=ENCODING)
    assert sum(path.stat().st_size for path in work_dir.rglob("*") if path.is_file()) == 0


def test_a_plan_without_a_picture_is_refused(tmp_path: Path) -> None:
    sound = make_clip(tmp_path / "a.m4a", video=False)
    chunk = plan_of(make_clip(tmp_path / "a.mp4"))[1].chunks[0]
    with pytest.raises(ValueError, match="no video"):
        encode_chunk(sound, plan_of(sound)[1], chunk, work_dir=tmp_path, encoding=ENCODING)


def spoilt_rung(folder: Path) -> tuple[Path, EncodePlan]:
    """Plan noise with so few bits for the smaller rung that no picture is left in it."""
    source = folder / "noise.mp4"
    noise = "nullsrc=s=320x180:r=30:d=1,geq=random(1)*255:128:128"
    run_tool("-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "ultrafast", "-qp", "5", source)
    plan = plan_of(source)[1]
    assert plan.video is not None
    rungs = tuple(replace(rung, crf=51) if rung.name == "v90" else rung for rung in plan.video.rungs)
    chunk = replace(plan.chunks[0], rung_names=("v180", "v90"))
    return source, replace(plan, video=replace(plan.video, rungs=rungs, chunks=(chunk,)))


def test_grain_in_few_bits_is_still_the_source(tmp_path: Path) -> None:
    source, plan = spoilt_rung(tmp_path)
    (tmp_path / "work").mkdir()
    taken = encode_chunk(source, plan, plan.chunks[0], work_dir=tmp_path / "work", encoding=ENCODING)
    scores = {one.name: one.ssim for one in taken}
    assert scores["v180"] is not None
    assert scores["v90"] is not None
    assert scores["v90"] < FLOOR_SSIM < scores["v180"], "what was measured is told as it is"


@pytest.fixture
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take for another picture what is only a poor one."""
    for floor in ("FLOOR_SSIM", "FLOOR_LIKENESS"):
        monkeypatch.setattr(f"processing.encoding.encode_chunk.{floor}", 0.9)


@pytest.mark.usefixtures("strict")
def test_a_rung_that_does_not_show_the_source_is_not_taken(tmp_path: Path) -> None:
    source, plan = spoilt_rung(tmp_path)
    (tmp_path / "work").mkdir()
    with pytest.raises(EncodeUnverified, match="v90 does not show the source's picture"):
        encode_chunk(source, plan, plan.chunks[0], work_dir=tmp_path / "work", encoding=ENCODING)


@pytest.mark.usefixtures("strict")
def test_who_wants_to_be_told_gets_the_others(tmp_path: Path) -> None:
    source, plan = spoilt_rung(tmp_path)
    (tmp_path / "work").mkdir()
    unfit: dict[str, EncodeUnverified] = {}
    (fit,) = encode_chunk(
        source,
        plan,
        plan.chunks[0],
        work_dir=tmp_path / "work",
        encoding=ENCODING,
        tell=Listeners(on_unfit=unfit.__setitem__),
    )
    assert (fit.name, set(unfit)) == ("v180", {"v90"})
    assert fit.ssim is not None
    assert fit.ssim > 0.9
