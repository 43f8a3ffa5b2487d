from streaming.manifests.storyboard import render_storyboard
from videos.storyboard import Storyboard


def test_each_cue_names_a_sheet_and_a_tile_on_it() -> None:
    board = Storyboard(
        tile_width=160, tile_height=90, columns=2, rows=1, times_s=(0.0, 3.003, 3600.0), duration_s=7201.25
    )
    assert (
        render_storyboard(board)
        == """WEBVTT

00:00:00.000 --> 00:00:03.003
storyboard-000.jpg#xywh=0,0,160,90

00:00:03.003 --> 01:00:00.000
storyboard-000.jpg#xywh=160,0,160,90

01:00:00.000 --> 02:00:01.250
storyboard-001.jpg#xywh=0,0,160,90
"""
    )


def test_a_tile_that_lasts_no_time_has_no_cue() -> None:
    board = Storyboard(tile_width=160, tile_height=90, columns=2, rows=1, times_s=(0.0, 1.0), duration_s=1.0)
    assert render_storyboard(board).count("-->") == 1
