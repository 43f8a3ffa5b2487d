"""Encoder arguments of each video codec: closed groups of pictures, a key frame at each segment's beginning only."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gilfoyle.lib.codec_settings import VideoCodec
from processing.ffmpeg.codecs import CLEAN, FRAGMENTS, Arguments, h264_arguments
from processing.media import Rung, VideoPlan

ENCODERS: Mapping[VideoCodec, str] = {
    "h264": "libx264",
    "hevc": "libx265",
    "vp9": "libvpx-vp9",
    "av1": "libsvtav1",
}
LOOKAHEAD_FRAMES = 20  # x265 keeps that many pictures: more finds little, and costs memory in every rung


def rung_arguments(rung: Rung, plan: VideoPlan, *, threads: int) -> Arguments:
    """Return the arguments that encode one rung in its codec."""
    if rung.codec == "h264":
        return h264_arguments(rung, plan, threads=threads)
    return {**FURTHER[rung.codec](rung, plan), "threads": threads, **_fragments(rung, plan)}


def _fragments(rung: Rung, plan: VideoPlan) -> Arguments:
    return {
        "crf": rung.crf,  # constant quality, below a cap
        "g": plan.segment_frames,  # a key frame at each segment's beginning ...
        "keyint_min": plan.segment_frames,  # ... and nowhere else
        "metadata:s:v:0": "encoder=",  # no encoder's name in the sample entry
        "fps_mode": "passthrough",  # the filter has put frames on the grid; nothing may move them
        "video_track_timescale": plan.timescale,  # a frame is a whole number of ticks
        "format": "mp4",
        "movflags": "+frag_keyframe" + FRAGMENTS,  # each key frame begins a fragment
        **CLEAN,
    }


def _cap(rung: Rung) -> Arguments:
    return {"maxrate": rung.max_bitrate_bps, "bufsize": rung.max_bitrate_bps * 2}  # two seconds of the cap


def _hevc_arguments(rung: Rung, plan: VideoPlan) -> Arguments:
    options = {
        "keyint": plan.segment_frames,
        "min-keyint": plan.segment_frames,
        "scenecut": 0,  # no key frame at a cut: each begins a fragment
        "open-gop": 0,  # no picture refers across a segment's border
        "rc-lookahead": min(LOOKAHEAD_FRAMES, plan.segment_frames),
        "info": 0,  # the encoder's name and settings are nobody's business
        "log-level": "error",
    }
    return {
        "c:v": ENCODERS["hevc"],
        "tag:v": "hvc1",  # parameter sets in the init segment alone, as Apple's players want
        "profile:v": "main",  # 8 bit 4:2:0: what hardware decodes
        "preset": rung.preset,
        "x265-params": ":".join(f"{name}={value}" for name, value in options.items()),
        "flags:v": "+bitexact+cgop",
        "a53cc": 0,  # captions in the picture data come in by our own reader of tracks only
        "udu_sei": 0,  # user data of the source (makers' notes) stays out
        **_cap(rung),
        "bsf:v": "filter_units=remove_types=39-40",  # no SEI of any kind
    }


def _vp9_arguments(rung: Rung, plan: VideoPlan) -> Arguments:
    return {
        "c:v": ENCODERS["vp9"],
        "profile:v": 0,  # 8 bit 4:2:0
        "deadline": "good",
        "cpu-used": rung.preset,
        "row-mt": 1,  # threads within a tile: small pictures have one tile alone
        "tile-columns": 1 if rung.width >= 640 else 0,  # decoders with two cores use them
        "auto-alt-ref": 1,  # hidden frames, each in one packet with the next shown one
        "lag-in-frames": min(25, plan.segment_frames),
        "b:v": rung.max_bitrate_bps,  # together with crf this is the most that is spent
        "flags:v": "+bitexact",
    }


def _av1_arguments(rung: Rung, plan: VideoPlan) -> Arguments:
    del plan
    return {
        "c:v": ENCODERS["av1"],
        "preset": rung.preset,
        # irefresh-type 2: key frames, after which nothing refers to what was before; scd 0: none at a cut.
        "svtav1-params": "irefresh-type=2:scd=0",
        **_cap(rung),
        "flags:v": "+bitexact+cgop",
    }


FURTHER: Mapping[VideoCodec, Callable[[Rung, VideoPlan], Arguments]] = {
    "hevc": _hevc_arguments,
    "vp9": _vp9_arguments,
    "av1": _av1_arguments,
}
