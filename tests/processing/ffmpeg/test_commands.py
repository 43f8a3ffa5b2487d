"""The command lines as people read them; each file is one command, an argument a line."""

from __future__ import annotations

import itertools
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.image_settings import ImageFormat
from processing.ffmpeg.commands import (
    Compared,
    Loop,
    Moment,
    Reading,
    audio_argv,
    candidates_argv,
    chunk_argv,
    compare_argv,
    decode_argv,
    picture_check_argv,
    poster_argv,
    preview_argv,
    sheets_argv,
)
from processing.ffmpeg.filters import Metric
from processing.media import EncodePlan, MediaInfo, Reference, Stretch
from tests.processing import facts
from tests.processing.golden import require_golden
from videos.storyboard import Storyboard

SOURCE = Path("/store/source")
WORK = Path("/scratch")
ENCODING = EncodingSettings(threads=2)


def plan_of(info: MediaInfo) -> EncodePlan:
    return facts.plan(info)


PLAIN = plan_of(facts.info(audio=facts.sound()))
EVERY_CODEC = facts.plan(
    facts.info(video=facts.steady(Fraction(25), 1000, width=640, height=360)),
    codecs=("h264", "hevc", "vp9", "av1"),
)
HDR_TS = plan_of(
    facts.info(
        container="mpegts",
        video=facts.picture(
            index=2, rotation=90, transfer="smpte2084", is_interlaced=True, first_s=Fraction(7, 5)
        ),
    )
)


def chunk_text(plan: EncodePlan, index: int) -> str:
    chunk = plan.chunks[index]
    targets = [WORK / f"{name}.mp4" for name in chunk.rung_names]
    argv = chunk_argv(
        "ffmpeg", SOURCE, plan, chunk, targets=targets, encoding=ENCODING, reference=reference_of(plan, index)
    )
    return text(argv)


def reference_of(plan: EncodePlan, index: int) -> Reference:
    assert plan.video
    return Reference(WORK / "reference.yuv", plan.video.rung(plan.chunks[index].rung_names[0]), 8)


def text(argv: list[str]) -> str:
    return "\n".join(argv) + "\n"


@pytest.mark.parametrize(
    ("name", "plan", "index"),
    [
        ("opening.argv", PLAIN, 0),
        ("body.argv", PLAIN, 3),
        ("last.argv", PLAIN, 5),
        ("hdr-interlaced-ts.argv", HDR_TS, 3),
        ("hevc.argv", EVERY_CODEC, 5),
        ("vp9.argv", EVERY_CODEC, 7),
        ("av1.argv", EVERY_CODEC, 9),
    ],
)
def test_chunk(name: str, plan: EncodePlan, index: int) -> None:
    require_golden(name, chunk_text(plan, index))


@pytest.mark.parametrize("metric", ["ssim", "likeness"])
def test_compare(metric: Metric) -> None:
    reference = reference_of(PLAIN, 0)
    assert PLAIN.video
    compared = [
        Compared(PLAIN.video.rung(name), WORK / f"{name}.sample.mp4", WORK / f"{name}.{metric}")
        for name in PLAIN.chunks[0].rung_names
    ]
    require_golden(f"compare-{metric}.argv", text(compare_argv("ffmpeg", reference, compared, metric=metric)))


def test_each_rung_is_scaled_from_the_one_above_it() -> None:
    argv = chunk_text(PLAIN, 3).splitlines()
    graph = argv[argv.index("-filter_complex") + 1].split(";")
    sizes = [found[1] for part in graph if (found := re.search(r"scale=.*h=(\d+)", part))]
    assert sorted(sizes, key=int) == ["240", "360", "480", "720", "1080", "1080"], "one is the reference"
    splits = [re.findall(r"\[(\w+)\]", part) for part in graph if "split=2" in part]
    assert len(splits) == 5
    mapped = {argv[at + 1].strip("[]") for at, argument in enumerate(argv) if argument == "-map"}
    scaled = {re.findall(r"\[(\w+)\]", part)[0] for part in graph if "scale=" in part}
    for _whole, shown, passed_on in splits[1:]:
        assert shown in mapped
        assert passed_on in scaled


def test_audio() -> None:
    argv = audio_argv("ffmpeg", SOURCE, PLAIN, PLAIN.audio[0], target=WORK / "a0.mp4", encoding=ENCODING)
    require_golden("audio.argv", text(argv))


MOMENTS: dict[str, tuple[EncodePlan, tuple[ImageFormat, ...], Moment]] = {
    "poster.argv": (PLAIN, ("jpeg",), Moment(seek_s=Fraction(6), chunk=PLAIN.chunks[3])),
    "poster-formats.argv": (
        PLAIN,
        ("jpeg", "webp", "avif"),
        Moment(seek_s=Fraction(117, 2), chunk=PLAIN.chunks[4], frame=1500),
    ),
    "poster-hdr.argv": (HDR_TS, ("jpeg",), Moment(seek_s=Fraction(6), chunk=HDR_TS.chunks[3])),
}


@pytest.mark.parametrize("name", MOMENTS)
def test_poster(name: str) -> None:
    plan, formats, moment = MOMENTS[name]
    targets = {one: WORK / f"poster.{one}" for one in formats}
    argv = poster_argv("ffmpeg", SOURCE, plan, moment, targets=targets, size=(1280, 720), encoding=ENCODING)
    require_golden(name, text(argv))


READINGS = {
    "candidate.argv": Reading(seek_s=Fraction(15), only_keys=True, count=1),
    "candidates.argv": Reading(seek_s=None, only_keys=False, count=120, rate=Fraction(6, 5)),
}


@pytest.mark.parametrize("name", READINGS)
def test_candidates(name: str) -> None:
    target = WORK / "candidates.gray"
    argv = candidates_argv(
        "ffmpeg", SOURCE, PLAIN, READINGS[name], target=target, size=(64, 36), encoding=ENCODING
    )
    require_golden(name, text(argv))


BOARD = Storyboard(
    tile_width=160,
    tile_height=90,
    columns=10,
    rows=10,
    times_s=tuple(4.0 * n for n in range(150)),
    duration_s=600,
)


@pytest.mark.parametrize(("name", "rate"), [("sheets.argv", None), ("sheets-dense.argv", Fraction(1))])
def test_sheets(name: str, rate: Fraction | None) -> None:
    pattern = WORK / "sheet-%03d.jpg"
    argv = sheets_argv("ffmpeg", WORK / "r.mp4", BOARD, rate=rate, pattern=pattern, encoding=ENCODING)
    require_golden(name, text(argv))


def test_preview() -> None:
    scenes = ((Fraction(4), Fraction(5)), (Fraction(1001, 30), Fraction(1031, 30)))
    loop = Loop(scenes=scenes, size=(320, 180), rate=8, frames=16, quality=60)
    target = WORK / "preview.webp"
    require_golden(
        "preview.argv",
        text(preview_argv("ffmpeg", WORK / "r.mp4", loop, target=target, encoding=ENCODING)),
    )


def test_picture_check() -> None:
    require_golden("picture-check.argv", text(picture_check_argv("ffmpeg", WORK / "poster.webp", "webp")))


def test_a_source_is_judged_by_its_first_error_and_nothing_is_written() -> None:
    stretch = Stretch(1, is_sound=False, seek_s=Fraction(6), begins_s=Fraction(8), end_s=Fraction(12))
    argv = decode_argv("ffmpeg", SOURCE, PLAIN, stretch, encoding=ENCODING)
    require_golden("decode.argv", text(argv))


def test_sound_that_skips_changes_says_so_before_its_source() -> None:
    audio = replace(PLAIN.audio[0], skips_changes=True)
    argv = audio_argv("ffmpeg", SOURCE, PLAIN, audio, target=WORK / "a0.mp4", encoding=ENCODING)
    assert argv.index("-drop_changed") < argv.index("-i")


def test_every_command_shuts_all_other_ways_before_it_opens_the_source() -> None:
    argv = audio_argv("ffmpeg", SOURCE, PLAIN, PLAIN.audio[0], target=WORK / "a0.mp4", encoding=ENCODING)
    before = argv[: argv.index("-i")]
    options = dict(itertools.pairwise(before))
    assert (options["-f"], options["-format_whitelist"], options["-protocol_whitelist"]) == (
        "mov",
        "mov",
        "file",
    )
    assert "magicyuv" not in options["-codec_whitelist"].split(",")
    assert options["-max_pixels"] == str(ENCODING.max_pixels)
    assert argv[argv.index("-i") + 1] == f"file:{SOURCE}"


def test_a_seek_time_is_never_before_the_key_frame() -> None:
    plan = plan_of(facts.info(video=facts.picture(tick_s=Fraction(1001, 30_000), key_steps=(0, *[60] * 40))))
    argv = chunk_text(plan, 3).splitlines()
    seek_s = plan.chunks[3].seek_s
    assert seek_s is not None
    written = Fraction(argv[argv.index("-ss") + 1])
    assert seek_s <= written < seek_s + Fraction(1, 1_000_000)


def test_a_plan_without_picture_is_no_command() -> None:
    blind = plan_of(facts.info(video=None, audio=facts.sound()))
    with pytest.raises(ValueError, match="no video"):
        chunk_argv("ffmpeg", SOURCE, blind, PLAIN.chunks[0], targets=[], encoding=ENCODING)


def test_a_preset_that_is_changed_in_the_middle_of_a_job_changes_no_chunk_of_it() -> None:
    plan = EncodePlan.from_json(facts.plan(facts.info(), preset="fast").to_json())
    changed = EncodingSettings(preset="slow")
    for chunk in plan.chunks:
        targets = [WORK / f"{name}.mp4" for name in chunk.rung_names]
        argv = chunk_argv("ffmpeg", SOURCE, plan, chunk, targets=targets, encoding=changed)
        presets = [argv[at + 1] for at, argument in enumerate(argv) if argument == "-preset"]
        assert presets == ["fast"] * len(chunk.rung_names)
