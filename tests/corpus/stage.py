"""Lays out what was encoded as streaming would serve it: playlists by its own renderer, segments beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from streaming.manifests.hls import render_master, render_media_playlist
from streaming.manifests.presentation import Presentation
from tests.processing.whole_encode import Whole
from videos.segment_index import PlayableRendition, SegmentRun, merge_runs


def lay_out(whole: Whole, folder: Path) -> Presentation:
    """Write all playlists and segments into `folder`; return what they present, the largest picture first."""
    video = whole.plan.video
    names = [rung.name for rung in video.rungs] if video else []
    pictures = tuple(_lay_out(whole, name, "video", folder) for name in names)
    sounds = tuple(_lay_out(whole, name, "audio", folder) for name in whole.runs if name not in names)
    presentation = Presentation(pictures, sounds)
    (folder / "master.m3u8").write_text(render_master(presentation))
    return presentation


def _lay_out(whole: Whole, name: str, kind: Literal["video", "audio"], folder: Path) -> PlayableRendition:
    target = folder / name
    target.mkdir(parents=True)
    runs = whole.runs[name]
    (target / "init.mp4").write_bytes(runs[0].init)
    for run in runs:
        for number, segment in enumerate(run.segments, run.first_segment):
            (target / f"{number:05d}.m4s").write_bytes(segment.path.read_bytes())
    rung = whole.plan.video.rung(name) if whole.plan.video and kind == "video" else None
    sound = whole.plan.sound(name) if kind == "audio" else None
    index = merge_runs(
        runs[0].timescale,
        [
            SegmentRun(
                run.first_segment,
                run.start_ticks,
                tuple(segment.duration_ticks for segment in run.segments),
                tuple(segment.size_bytes for segment in run.segments),
            )
            for run in runs
        ],
    )
    rendition = PlayableRendition(
        name=name,
        kind=kind,
        codec=runs[0].codec,
        width=rung.width if rung else None,
        height=rung.height if rung else None,
        frame_rate=whole.plan.video.frame_rate if rung and whole.plan.video else None,
        channels=sound.channels if sound else None,
        language=sound.language if sound else "",
        bandwidth_cap_bps=rung.max_bitrate_bps if rung else 0,
        index=index,
        is_complete=True,
        role=sound.role if sound else "main",
        audio_track=sound.track if sound else 0,
    )
    (target / "index.m3u8").write_text(render_media_playlist(rendition))
    return rendition
