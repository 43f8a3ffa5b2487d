from __future__ import annotations

from fractions import Fraction
from typing import get_args

import av

from gilfoyle.lib.config import Container
from processing.ffmpeg.formats import AUDIO_DECODERS, DECODERS, DEMUXERS, seek_margin_s, seek_setback_s
from tests.clips import run_tool


def test_every_container_has_a_demuxer_that_ffmpeg_and_the_probe_know() -> None:
    assert set(DEMUXERS) == set(get_args(Container))
    for demuxer in DEMUXERS.values():
        assert f"Demuxer {demuxer}".encode() in run_tool("-h", f"demuxer={demuxer}")
        assert any(demuxer in name.split(",") for name in av.formats_available | {"mov", "matroska"})


def test_no_decoder_outside_of_the_known_is_accepted() -> None:
    assert not set(DECODERS) & {"magicyuv", "png", "tiff", "rawvideo", "cinepak", "dds", "exr", "ass", "srt"}
    assert set(AUDIO_DECODERS) < set(DECODERS)


def test_containers_without_an_exact_index_are_read_from_earlier_on() -> None:
    assert seek_margin_s("mpegts") == Fraction(1)
    assert seek_margin_s("mp4") == 0


def test_ffmpeg_looks_earlier_than_asked_in_matroska() -> None:
    assert seek_setback_s("matroska") > Fraction(3, 23)
    assert seek_setback_s("mp4") == 0
