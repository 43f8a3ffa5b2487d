"""A tile shows the very frame of its moment: clips of numbered frames tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.image_settings import StoryboardSettings
from processing.errors import ToolFailed
from processing.images.picture_files import read_picture
from processing.images.storyboards import make_sheets
from processing.images.tiles import TilePlan, plan_tiles
from tests.clips import make_clip
from tests.processing.images.pictures import gray, read_tile
from tests.processing.whole_encode import SMALL_CHUNKS, encode_whole
from videos.segment_index import PlayableRendition, SegmentRun, merge_runs


def storyboard(
    source: Path,
    folder: Path,
    settings: StoryboardSettings,
    encoding: EncodingSettings = SMALL_CHUNKS,
    name: str = "v180",
) -> tuple[TilePlan, tuple[bytes, ...]]:
    """Encode a source and make its storyboard out of the segments that the plan names."""
    whole = encode_whole(source, folder / "encode", encoding)
    assert whole.plan.video is not None
    rung = whole.plan.video.rung(name)
    runs = sorted(whole.runs[name], key=lambda run: run.first_segment)
    index = merge_runs(
        runs[0].timescale,
        [
            SegmentRun(
                run.first_segment,
                run.start_ticks,
                tuple(one.duration_ticks for one in run.segments),
                tuple(one.size_bytes for one in run.segments),
            )
            for run in runs
        ],
    )
    rendition = PlayableRendition(
        name=name,
        kind="video",
        codec=runs[0].codec,
        width=rung.width,
        height=rung.height,
        frame_rate=None,
        channels=None,
        language="",
        bandwidth_cap_bps=0,
        index=index,
        is_complete=True,
    )
    plan = plan_tiles(rendition, settings)
    files = [segment.path for run in runs for segment in run.segments]
    joined = folder / "joined.mp4"
    joined.write_bytes(runs[0].init + b"".join(files[number].read_bytes() for number in plan.segments))
    work_dir = folder / "sheets"
    work_dir.mkdir()
    return plan, make_sheets(joined, plan, work_dir=work_dir, encoding=encoding)


def shown(plan: TilePlan, sheets: tuple[bytes, ...], folder: Path) -> list[int]:
    """Return the number of the frame on each tile."""
    board = plan.storyboard
    pixels = [gray(sheet, folder) for sheet in sheets]
    size = (board.tile_width, board.tile_height)
    width = board.columns * board.tile_width
    return [read_tile(pixels[tile.sheet], width, (tile.x, tile.y), size) for tile in board.tiles()]


@pytest.mark.parametrize("fps", ["30", "24000/1001"])
def test_tiles_of_a_short_video_show_the_frame_of_their_second(fps: str, tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=4, fps=fps, audio=False)
    encoding = SMALL_CHUNKS.model_copy(update={"segment_s": 2.0, "chunk_s": 4.0})
    plan, sheets = storyboard(source, tmp_path, StoryboardSettings(), encoding)
    assert plan.rate is not None
    rate = 30 if fps == "30" else 24000 / 1001
    wanted = [int(time_s * rate + 1e-6) for time_s in plan.storyboard.times_s]
    assert shown(plan, sheets, tmp_path) == wanted
    assert len(wanted) == (4 if fps == "30" else 5)


def test_tiles_of_a_long_video_show_the_first_frame_of_their_segment(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=8, audio=False)
    plan, sheets = storyboard(source, tmp_path, StoryboardSettings(max_tiles=3))
    assert plan.rate is None
    assert plan.segments == (0, 3, 5)
    assert plan.storyboard.times_s == (0, 3, 5)
    assert shown(plan, sheets, tmp_path) == [0, 90, 150]


def test_many_tiles_go_on_to_the_next_sheet(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=102, fps="2", audio=False, size=(160, 90))
    encoding = SMALL_CHUNKS.model_copy(update={"chunk_s": 60.0})
    settings = StoryboardSettings(interval_s=1, max_tiles=200)
    plan, sheets = storyboard(source, tmp_path, settings, encoding, name="v90")
    assert len(sheets) == 2
    assert shown(plan, sheets, tmp_path) == [2 * second for second in range(102)]
    sizes = {(found.width, found.height) for found in map(read_picture, sheets) if found}
    assert sizes == {(1600, 900)}


def test_what_can_not_be_decoded_has_no_storyboard(tmp_path: Path) -> None:
    source = make_clip(tmp_path / "a.mp4", duration_s=2, audio=False)
    plan, _ = storyboard(source, tmp_path, StoryboardSettings())
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a video")
    with pytest.raises(ToolFailed):
        make_sheets(broken, plan, work_dir=tmp_path, encoding=SMALL_CHUNKS)
