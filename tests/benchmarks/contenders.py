"""Whom the benchmark compares: our own command line, one written by hand, and the peers' documented parameters.

PeerTube: packages/ffmpeg (default transcoding profile, encoder options, HLS of the VOD transcoder) and
packages/core-utils/src/videos/bitrate.ts. MediaCMS: files/helpers.py, and the profiles that its fixtures turn on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gilfoyle.lib.config import EncodingSettings, RungSettings, UploadSettings
from processing.ffmpeg.codecs import BEYOND_PRESET
from processing.ffmpeg.commands import chunk_argv
from processing.ladder.planner import plan_encode
from processing.media import Chunk, EncodePlan, Rung, VideoPlan
from processing.probing.probe import probe_source
from tests.benchmarks.measured import Cost, ffmpeg, ffmpeg_argv, run_ffmpeg, run_pinned, run_program

# Average bits per pixel of PeerTube's target by height; above its target it caps at twice that in the buffer.
PEERTUBE_BITS_PER_PIXEL = {1080: 0.10, 720: 0.11, 480: 0.12, 360: 0.15, 240: 0.17}
# MediaCMS's target rates in kbit/s for 25 frames a second; cap and buffer are one and a half times that.
MEDIACMS_KBPS = {1080: 4500, 720: 2500, 480: 1000, 360: 500, 240: 300}
MEDIACMS_FASTER_FROM = 720
FREE_BPS = 200_000_000


@dataclass(frozen=True, slots=True)
class Clip:
    """A source without sound, and how Gilfoyle plans it."""

    name: str
    path: Path
    plan: EncodePlan

    @property
    def video(self) -> VideoPlan:
        assert self.plan.video is not None
        return self.plan.video

    @property
    def whole(self) -> Chunk:
        """One chunk that is the whole video in all of its rungs."""
        names = tuple(rung.name for rung in self.video.rungs)
        return replace(self.video.chunks[0], end_frame=self.video.frame_count, rung_names=names)

    @property
    def fps(self) -> int:
        return round(self.video.frame_rate)


def open_clip(name: str, path: Path, *, crf: float | None = None) -> Clip:
    """Probe and plan a clip with the default settings, or with another CRF for all rungs and no cap that would hold."""
    encoding = EncodingSettings()
    if crf is not None:
        free = {"crf": crf, "max_bitrate_bps": FREE_BPS}
        ladder = tuple(RungSettings(**(rung.model_dump() | free)) for rung in encoding.ladder)
        encoding = encoding.model_copy(update={"ladder": ladder})
    info = probe_source(path, upload=UploadSettings(), encoding=encoding)
    return Clip(name, path, plan_encode(info, encoding=encoding))


def run_ours(clip: Clip, folder: Path) -> Cost:
    """Run the product's own command line for one chunk that is the whole clip."""
    argv = chunk_argv(
        ffmpeg(), clip.path, clip.plan, clip.whole, targets=outputs(clip, folder), encoding=EncodingSettings()
    )
    return run_program(argv)


def outputs(clip: Clip, folder: Path) -> list[Path]:
    return [folder / f"{rung.name}.mp4" for rung in clip.video.rungs]


def run_by_hand(clip: Clip, folder: Path) -> Cost:
    """Run what a practised hand would write for the same output: one decode, one command."""
    return run_program(by_hand_argv(clip, folder))


def run_by_hand_pinned(clip: Clip, folder: Path, cores: Sequence[int]) -> Cost:
    """Run the same on each of the cores at once, with one thread each."""
    argvs = []
    for core in cores:
        (folder / str(core)).mkdir(exist_ok=True)
        argvs.append(by_hand_argv(clip, folder / str(core), threads=1))
    return run_pinned(argvs, cores)


def by_hand_argv(clip: Clip, folder: Path, *, threads: int = 0) -> list[str | Path]:
    """Return that command; `threads`: of the decoder and of each encoder."""
    parts: list[str] = []
    arguments: list[str | Path] = []
    last = len(clip.video.rungs) - 1
    for number, (rung, target) in enumerate(zip(clip.video.rungs, outputs(clip, folder), strict=True)):
        begin = "[0:v]" if number == 0 else f"[t{number}]"
        end = f"[v{number}]" if number == last else f",split[v{number}][t{number + 1}]"
        parts.append(f"{begin}scale={rung.width}:{rung.height}:flags=lanczos{end}")
        arguments += ["-map", f"[v{number}]", *_same_settings(clip, rung), "-threads", str(threads), target]
    read = ("-threads", str(threads), "-i", clip.path)
    return ffmpeg_argv(*read, "-filter_complex", ";".join(parts), *arguments)


def run_one_by_one(clip: Clip, folder: Path) -> Cost:
    """Run one ffmpeg a rendition, with our settings."""
    cost = Cost(0, 0)
    for rung, target in zip(clip.video.rungs, outputs(clip, folder), strict=True):
        scale = f"scale={rung.width}:{rung.height}:flags=lanczos"
        cost += run_ffmpeg("-i", clip.path, "-vf", scale, *_same_settings(clip, rung), target)
    return cost


def run_peertube(clip: Clip, folder: Path) -> Cost:
    """Run PeerTube's defaults: one ffmpeg a rendition."""
    cost = Cost(0, 0)
    for rung, target in zip(clip.video.rungs, outputs(clip, folder), strict=True):
        pixels = rung.width * rung.height * clip.fps
        rate = int(pixels * PEERTUBE_BITS_PER_PIXEL[_height(rung)])
        cost += run_ffmpeg(
            "-i", clip.path, "-vf", f"scale=w=-2:h={rung.height}", "-pix_fmt", "yuv420p",
            "-c:v", "libx264", "-preset", "veryfast", "-maxrate:v", str(rate), "-bufsize:v", str(rate * 2),
            "-b_strategy", "1", "-bf", "16", "-r", str(clip.fps), "-g:v", str(clip.fps * 2),
            "-map_metadata", "-1", "-max_muxing_queue_size", "1024",
            "-f", "hls", "-hls_time", "4", "-hls_list_size", "0", "-hls_playlist_type", "vod",
            "-hls_segment_type", "fmp4", "-hls_flags", "single_file",
            "-hls_segment_filename", target, target.with_suffix(".m3u8"),
        )  # fmt: skip
    return cost


def run_mediacms(clip: Clip, folder: Path) -> Cost:
    """Run MediaCMS's defaults: one ffmpeg a rendition, main profile."""
    cost = Cost(0, 0)
    for rung, target in zip(clip.video.rungs, outputs(clip, folder), strict=True):
        preset = "faster" if rung.height >= MEDIACMS_FASTER_FROM else "medium"
        cap = f"{int(MEDIACMS_KBPS[_height(rung)] * 1.5)}k"
        cost += run_ffmpeg(
            "-i", clip.path, "-c:v", "libx264",
            "-filter:v", f"scale=-2:{rung.height},fps=fps={clip.fps}", "-pix_fmt", "yuv420p",
            "-crf", "23", "-maxrate", cap, "-bufsize", cap, "-force_key_frames", "expr:gte(t,n_forced*4)",
            "-x264-params", f"keyint={clip.fps * 8}:keyint_min={clip.fps * 4}",
            "-preset", preset, "-profile:v", "main", "-level", "4.2", target,
        )  # fmt: skip
    return cost


def _height(rung: Rung) -> int:
    """Return the step of the peers' tables that a rung is on."""
    return min(MEDIACMS_KBPS, key=lambda height: abs(height - rung.height))


def _same_settings(clip: Clip, rung: Rung) -> Sequence[str]:
    frames = str(clip.video.segment_frames)
    return (
        "-c:v", "libx264", "-preset", clip.video.preset, "-profile:v", "high", "-crf", str(rung.crf),
        "-maxrate", str(rung.max_bitrate_bps), "-bufsize", str(rung.max_bitrate_bps * 2),
        "-x264-params", "stitchable=1" + BEYOND_PRESET.get(clip.video.preset, ""),
        "-g", frames, "-keyint_min", frames, "-sc_threshold", "0", "-flags:v", "+cgop",
        "-movflags", "+frag_keyframe+cmaf+empty_moov+default_base_moof",
    )  # fmt: skip
