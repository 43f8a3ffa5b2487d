"""Encoder arguments of each codec, as ffmpeg-python takes them: name -> value (None: a bare flag)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from gilfoyle.lib.codec_settings import Preset
from processing.media import CopyPlan, Rung, VideoPlan

Arguments = Mapping[str, str | int | float | None]

# What leaves the house names neither place, device nor person (and no tool's build).
CLEAN: Arguments = {
    "map_metadata": -1,  # file tags: location, device, artist
    "map_metadata:s": -1,  # stream tags: handler names, languages, time codes
    "map_chapters": -1,  # chapter titles
    "sn": None,  # subtitle streams (drones write positions there)
    "dn": None,  # data streams: telemetry
    "fflags": "+bitexact",  # no encoder tag, no creation time
}

FRAGMENTS = "+cmaf+empty_moov+default_base_moof+frag_discont+skip_trailer"
# cmaf: composition offsets instead of an edit list, so that every player puts frame n at the same time
# empty_moov: the init segment stands before the first frame, and is the same for every chunk
# default_base_moof: offsets count from the fragment, as Media Source Extensions wants
# frag_discont: the fragment's decode time is the true one, also in a chunk from the middle
# skip_trailer: no index of fragments at the end


# What each preset gains most by for its time: measured at equal VMAF, see docs/benchmarks/parameters.md.
# rc-lookahead: x264 sees where bits pay off later; bframes: more of the cheapest pictures; trellis: coefficients are
# rounded to what costs least, which all slower presets do.
BEYOND_PRESET: Mapping[Preset, str] = {
    "veryfast": ":rc-lookahead=40:bframes=5:trellis=1",
    "faster": ":rc-lookahead=40:bframes=5",
    "fast": ":rc-lookahead=40:bframes=5",
    "medium": ":bframes=5",
}


def h264_arguments(rung: Rung, plan: VideoPlan, *, threads: int) -> Arguments:
    """Return the arguments that encode one rung with x264, one closed GOP a segment."""
    return {
        "c:v": "libx264",
        "preset": plan.preset,
        "profile:v": "high",  # every player of the last decade has it
        "crf": rung.crf,  # constant quality ...
        "maxrate": rung.max_bitrate_bps,  # ... below a cap
        "bufsize": rung.max_bitrate_bps * 2,  # two seconds of the cap: peaks stay near what a manifest says
        # stitchable: headers don't depend on the quality, so chunks of any CRF share one init segment
        "x264-params": "stitchable=1" + BEYOND_PRESET.get(plan.preset, ""),
        "g": plan.segment_frames,  # a key frame at each segment's beginning ...
        "keyint_min": plan.segment_frames,  # ... and nowhere else ...
        "sc_threshold": 0,  # ... also not at a cut: each key frame begins a fragment
        "flags:v": "+bitexact+cgop",  # no build names; no picture refers across a segment's border
        "a53cc": 0,  # captions in the picture data come in by our own reader of tracks only
        "udu_sei": 0,  # user data of the source (makers' notes) stays out
        "bsf:v": "filter_units=remove_types=6",  # no SEI: the encoder's name and settings are nobody's business
        "threads": threads,
        "fps_mode": "passthrough",  # the filter has put frames on the grid; nothing may move them
        "video_track_timescale": plan.timescale,  # a frame is a whole number of ticks
        "flush_packets": 1,  # a segment that is whole is handed over, and does not wait for a buffer to be full
        "format": "mp4",
        "movflags": "+frag_keyframe" + FRAGMENTS,  # each key frame begins a fragment
        **CLEAN,
    }


def copy_arguments(plan: CopyPlan) -> Arguments:
    """Return the arguments that cut the source's own frames into segments, on the presentation's clock."""
    zero = plan.zero_ticks
    return {
        "c:v": "copy",
        # Exact in the stream's own ticks. No SEI, as in what is encoded.
        "bsf:v": f"setts=pts=PTS-({zero}):dts=DTS-({zero}),filter_units=remove_types=6",
        "video_track_timescale": plan.timescale,
        "min_frag_duration": microseconds(plan.segment_s),  # key frames that come sooner begin no segment
        "flush_packets": 1,  # a fragment that is whole is handed over, and does not wait for a buffer to be full
        "format": "mp4",
        "movflags": "+frag_keyframe" + FRAGMENTS,
        **CLEAN,
    }


# Pictures one after the other and nothing else.
RAW_PICTURES: Arguments = {"fps_mode": "passthrough", "c:v": "rawvideo", "format": "rawvideo"}


def microseconds(seconds: Fraction) -> int:
    """Return what ffmpeg's options of time count in."""
    return round(seconds * 1_000_000)
