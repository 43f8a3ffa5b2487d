from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.codec_settings import Vp9Settings
from gilfoyle.lib.config import EncodingSettings
from processing.ladder.further import plan_further_rungs
from processing.ladder.rungs import plan_rungs

ALL = ("h264", "hevc", "vp9", "av1")


def test_each_codec_gets_the_same_sizes_on_its_own_scale() -> None:
    encoding = EncodingSettings(codecs=ALL, vp9=Vp9Settings(crf_offset=8, bitrate_factor=0.5, preset=5))
    rungs = plan_rungs(Fraction(1280), Fraction(720), encoding.ladder)
    hevc, vp9, av1 = plan_further_rungs(rungs, encoding)
    assert [rung.name for rung in hevc] == ["v720hevc", "v480hevc", "v360hevc", "v240hevc"]
    assert [(rung.width, rung.height) for rung in av1] == [(rung.width, rung.height) for rung in rungs]
    assert (vp9[0].codec, vp9[0].crf, vp9[0].preset) == ("vp9", 31, "5")
    assert vp9[0].max_bitrate_bps == rungs[0].max_bitrate_bps / 2


def test_without_further_codecs_there_are_none() -> None:
    rungs = plan_rungs(Fraction(1280), Fraction(720), EncodingSettings().ladder)
    assert plan_further_rungs(rungs, EncodingSettings()) == ()


def test_pictures_that_an_encoder_can_not_take_are_left_to_the_others() -> None:
    encoding = EncodingSettings(codecs=ALL)
    ladders = plan_further_rungs(plan_rungs(Fraction(8), Fraction(8), encoding.ladder), encoding)
    assert [[rung.codec for rung in ladder] for ladder in ladders] == [["vp9"]]


@given(st.permutations(ALL[1:]), st.floats(0, 51), st.integers(720, 4000), st.integers(720, 4000))
def test_any_ladder_stays_on_the_scale_and_keeps_its_names_apart(
    codecs: list[str], crf: float, width: int, height: int
) -> None:
    plain = EncodingSettings()
    ladder = [rung.model_copy(update={"crf": crf}) for rung in plain.ladder]
    encoding = plain.model_copy(update={"codecs": ("h264", *codecs)})
    rungs = plan_rungs(Fraction(width), Fraction(height), ladder)
    further = plan_further_rungs(rungs, encoding)
    every = [*rungs, *(rung for ladder in further for rung in ladder)]
    assert len({rung.name for rung in every}) == len(every)
    assert [ladder[0].codec for ladder in further] == codecs
    assert all(0 <= rung.crf <= 63 and len(rung.name) <= 16 for rung in every)


def test_names_fit_their_column_also_for_the_largest_picture() -> None:
    rungs = plan_rungs(Fraction(8192), Fraction(8192), EncodingSettings().ladder)
    assert max(len(f"v8192{codec}") for codec in ALL) <= 16
    assert rungs


@pytest.mark.parametrize("codecs", [(), ("hevc",), ("hevc", "h264"), ("h264", "h264")])
def test_a_list_of_codecs_begins_with_h264(codecs: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="must begin with h264"):
        EncodingSettings(codecs=codecs)
