"""The ladders of further codecs, made out of that of H.264: the same pictures, in fewer bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gilfoyle.lib.codec_settings import Av1Settings, HevcSettings, VideoCodec, Vp9Settings
from gilfoyle.lib.config import EncodingSettings
from processing.media import FIRST_CODEC, Rung

# CPU time beside H.264 with the default presets at equal VMAF, measured on natural clips.
EFFORT: Mapping[VideoCodec, float] = {"h264": 1, "hevc": 5, "vp9": 6, "av1": 3}
LARGEST_CRF: Mapping[VideoCodec, int] = {"h264": 51, "hevc": 51, "vp9": 63, "av1": 63}
# What each encoder takes: x265 has been seen to break its own memory at 48 x 16, and SVT-AV1 to abort at 8 x 8.
SMALLEST_SIDE_PX: Mapping[VideoCodec, int] = {"hevc": 32, "vp9": 2, "av1": 32}


def plan_further_rungs(rungs: Sequence[Rung], encoding: EncodingSettings) -> tuple[tuple[Rung, ...], ...]:
    """Return one ladder for each codec after H.264; none for pictures that are too small for a codec."""
    ladders = (
        tuple(_further_rung(rung, codec, encoding) for rung in rungs if _fits(rung, codec))
        for codec in encoding.codecs
        if codec != FIRST_CODEC
    )
    return tuple(ladder for ladder in ladders if ladder)


def _fits(rung: Rung, codec: VideoCodec) -> bool:
    return min(rung.width, rung.height) >= SMALLEST_SIDE_PX[codec]


def _settings(codec: VideoCodec, encoding: EncodingSettings) -> HevcSettings | Vp9Settings | Av1Settings:
    if codec == "hevc":
        return encoding.hevc
    return encoding.vp9 if codec == "vp9" else encoding.av1


def _further_rung(rung: Rung, codec: VideoCodec, encoding: EncodingSettings) -> Rung:
    settings = _settings(codec, encoding)
    return replace(
        rung,
        name=f"{rung.name}{codec}",
        codec=codec,
        crf=min(max(0.0, rung.crf + settings.crf_offset), LARGEST_CRF[codec]),
        max_bitrate_bps=round(rung.max_bitrate_bps * settings.bitrate_factor),
        preset=str(settings.preset),
    )
