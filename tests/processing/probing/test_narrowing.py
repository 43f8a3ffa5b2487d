from __future__ import annotations

from gilfoyle.lib.config import UploadSettings
from processing.probing.narrowing import narrowed

SETTINGS = UploadSettings(max_duration_s=100, containers=("mp4", "matroska", "wav"))


def test_without_limits_the_settings_hold() -> None:
    assert narrowed(SETTINGS, {}) == SETTINGS


def test_limits_allow_less_and_never_more() -> None:
    short = narrowed(SETTINGS, {"max_duration_s": 10, "containers": ["wav", "mp4", "flv"]})
    assert (short.max_duration_s, short.containers) == (10, ("mp4", "wav"))
    assert narrowed(SETTINGS, {"max_duration_s": 1000}).max_duration_s == 100


def test_a_container_that_the_operator_took_out_meanwhile_stays_out() -> None:
    assert narrowed(SETTINGS, {"containers": ["flv"]}).containers == ()
