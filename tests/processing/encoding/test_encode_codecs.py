"""What is true of every codec's renditions, shown on real ones."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.config import EncodingSettings, RungSettings
from processing.encoding import encode_chunk
from processing.ffmpeg.commands import chunk_argv
from processing.packaging.boxes import walk_boxes
from processing.packaging.fragments import read_init
from processing.packaging.key_frames import find_key_frame_bytes
from tests.clips import make_clip, read_numbers, run_tool
from tests.processing.whole_encode import SMALL_CHUNKS, Whole, encode_whole

ALL = ("h264", "hevc", "vp9", "av1")
FURTHER = ALL[1:]
ENCODING = SMALL_CHUNKS.model_copy(
    update={
        "codecs": ALL,
        "hevc": SMALL_CHUNKS.hevc.model_copy(update={"preset": "ultrafast"}),
        "vp9": SMALL_CHUNKS.vp9.model_copy(update={"preset": 8}),
        "av1": SMALL_CHUNKS.av1.model_copy(update={"preset": 12}),
    }
)
STRINGS = {"hevc": "hvc1.1.6.L", "vp9": "vp09.00.", "av1": "av01.0."}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Whole, Path]:
    """A clip of three and a half segments, in four chunks, with a hard cut off the grid."""
    folder = tmp_path_factory.mktemp("codecs")
    cut = "negate=enable='gte(t,1.7)',drawbox=y=ih/3:color=red:t=fill:enable='gte(t,1.7)'"
    source = make_clip(folder / "a.mp4", duration_s=3.5, fps="30000/1001", output_args=("-vf", cut))
    return encode_whole(source, folder / "work", ENCODING), folder


def names_of(whole: Whole, codec: str) -> list[str]:
    assert whole.plan.video is not None
    return [rung.name for rung in whole.plan.video.rungs if rung.codec == codec]


@pytest.mark.parametrize("codec", FURTHER)
def test_segments_are_aligned_with_those_of_h264(whole: tuple[Whole, Path], codec: str) -> None:
    made, _ = whole
    names = names_of(made, codec)
    assert names == [f"v180{codec}", f"v90{codec}"]
    for name in names:
        assert made.starts(name) == made.starts("v180")
        assert len(made.starts(name)) == 4


@pytest.mark.parametrize("codec", FURTHER)
def test_every_chunk_has_the_same_init_segment_of_the_planned_size(
    whole: tuple[Whole, Path], codec: str
) -> None:
    made, _ = whole
    for name in names_of(made, codec):
        (init,) = made.inits(name)
        facts = read_init(init)
        assert (facts.width, facts.height) == ((320, 180) if "180" in name else (160, 90))
        assert all(run.codec.startswith(STRINGS[codec]) for run in made.runs[name])


@pytest.mark.parametrize("codec", FURTHER)
def test_every_frame_is_there_once_in_its_place(whole: tuple[Whole, Path], codec: str) -> None:
    made, folder = whole
    assert made.plan.video is not None
    for name in names_of(made, codec):
        size = (320, 180) if "180" in name else (160, 90)
        joined = made.join(name, folder / f"{name}.mp4")
        numbers = read_numbers(joined, size=size)
        assert len(numbers) == made.plan.video.frame_count == 105
        assert numbers[:50] == list(range(50)), "before the cut, which turns the numbers' bits around"


@pytest.mark.parametrize("codec", FURTHER)
def test_each_segment_decodes_without_those_before_it(
    whole: tuple[Whole, Path], codec: str, tmp_path: Path
) -> None:
    made, _ = whole
    name = f"v180{codec}"
    runs = sorted(made.runs[name], key=lambda run: run.first_segment)
    segments = [segment for run in runs for segment in run.segments]
    for number, segment in enumerate(segments):
        alone = tmp_path / f"{number}.mp4"
        alone.write_bytes(runs[0].init + segment.path.read_bytes())
        frames = run_tool(
            "-xerror", "-err_detect", "explode", "-i", alone, "-fps_mode", "passthrough",
            "-f", "rawvideo", "-pix_fmt", "gray", "-",
        )  # fmt: skip
        assert len(frames) == (30 if number < 3 else 15) * 320 * 180


@pytest.mark.parametrize("codec", ALL)
def test_each_segment_begins_with_a_picture_that_is_read_by_itself(
    whole: tuple[Whole, Path], codec: str, tmp_path: Path
) -> None:
    made, _ = whole
    name = names_of(made, codec)[0]
    runs = sorted(made.runs[name], key=lambda run: run.first_segment)
    segments = [segment.path for run in runs for segment in run.segments]
    init, alone = runs[0].init, tmp_path / "alone.mp4"
    for path in segments:
        with path.open("rb") as segment:
            size_bytes = find_key_frame_bytes(segment, read_init(init))
        data = path.read_bytes()
        assert 0 < size_bytes < len(data)
        pictures = []
        for part in (data[:size_bytes], data):
            alone.write_bytes(init + part)
            pictures.append(run_tool("-i", alone, "-f", "rawvideo", "-pix_fmt", "gray", "-"))
        assert len(pictures[0]) == 320 * 180, "one picture, and no more"
        assert pictures[1].startswith(pictures[0])


@pytest.mark.parametrize("codec", FURTHER)
def test_no_byte_names_the_encoder(whole: tuple[Whole, Path], codec: str, tmp_path: Path) -> None:
    made, _ = whole
    for name in names_of(made, codec):
        data = made.join(name, tmp_path / f"{name}.mp4").read_bytes()
        for word in (b"x265", b"libx", b"Lavc", b"Lavf", b"SVT", b"libvpx", b"options:", b"build"):
            assert word not in data
        assert {"udta", "meta", "uuid"}.isdisjoint(box.kind for box in walk_boxes(data))


@pytest.mark.parametrize("codec", ALL)
def test_its_tags_say_bt709_in_the_box_and_in_the_stream(
    whole: tuple[Whole, Path], codec: str, tmp_path: Path
) -> None:
    made, _ = whole
    name = names_of(made, codec)[0]
    (init,) = made.inits(name)
    colr = next(box for box in walk_boxes(init) if box.kind == "colr").body(init)
    assert colr == b"nclx" + bytes.fromhex("0001 0001 0001 00"), "BT.709 three times, and no full range"
    # Without the box, what the stream itself says is left.
    at = init.index(b"colr")
    bare = init[:at] + b"free" + init[at + 4 :]
    path = tmp_path / "bare.mp4"
    path.write_bytes(bare + b"".join(s.path.read_bytes() for s in made.runs[name][0].segments))
    said = run_tool("-i", path, "-frames:v", "1", "-f", "yuv4mpegpipe", "-strict", "-1", "-")
    assert b"XCOLORRANGE=LIMITED" in said.partition(b"\n")[0]


def test_sizes_below_what_an_encoder_takes_are_left_out(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", size=(64, 32), duration_s=1, audio=False)
    tiny = (
        RungSettings(width=64, height=32, crf=23, max_bitrate_bps=100_000),
        RungSettings(width=48, height=24, crf=23, max_bitrate_bps=100_000),
    )
    made = encode_whole(source, tmp_path / "work", ENCODING.model_copy(update={"ladder": tiny}))
    assert set(made.runs) == {"v32", "v24", "v32hevc", "v32vp9", "v24vp9", "v32av1"}


@pytest.mark.whole
def test_a_large_machine_makes_the_same_of_it(
    whole: tuple[Whole, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, folder = whole
    threads = set[int]()

    def noted(*given: Any, encoding: EncodingSettings, **named: Any) -> list[str]:
        threads.add(encoding.threads)
        return chunk_argv(*given, encoding=encoding, **named)

    monkeypatch.setattr(encode_chunk, "chunk_argv", noted)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    large = encode_whole(folder / "a.mp4", tmp_path / "work", ENCODING.model_copy(update={"threads": 0}))
    assert threads == {8}, "not ninety in each of its ffmpegs"
    for codec in ALL:
        for name in names_of(made, codec):
            assert large.inits(name) == made.inits(name), "its chunks go with those of a small one"
