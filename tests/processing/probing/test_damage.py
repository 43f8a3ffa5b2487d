"""A source is blamed only where it does not decode by itself."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.config import EncodingSettings
from gilfoyle.lib.errors import StaleWork
from processing.errors import EncodeUnverified, SourceRejected, ToolFailed
from processing.ffmpeg.budget import Budget, plan_budget
from processing.media import EncodePlan, Stretch
from processing.probing.damage import (
    find_damage,
    is_ours,
    speaks_of_damage,
    stretch_of_chunk,
    stretch_of_sound,
)
from tests.processing import facts
from tests.processing.damaged import RATE, lose_pictures, make_motion_jpeg
from tests.processing.whole_encode import ENCODING, SMALL_CHUNKS, plan_of


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of pictures that need no other: damage stays where it is."""
    folder = tmp_path_factory.mktemp("whole")
    return make_motion_jpeg(folder / "a.avi")


def stretches(plan: EncodePlan) -> list[Stretch]:
    assert plan.video is not None
    return [stretch_of_chunk(plan.video, chunk) for chunk in plan.chunks]


def find(source: Path, plan: EncodePlan, stretch: Stretch, **settings: object) -> SourceRejected | None:
    encoding = ENCODING.model_copy(update=settings)
    return find_damage(source, plan, stretch, encoding=encoding)


def test_a_whole_source_has_no_damage_in_picture_or_sound(source: Path) -> None:
    plan = plan_of(source, SMALL_CHUNKS)[1]
    assert [find(source, plan, stretch) for stretch in stretches(plan)] == [None] * len(plan.chunks)
    assert find(source, plan, stretch_of_sound(plan.audio[0])) is None


def test_damage_is_found_in_its_own_stretch_and_its_time_is_told(source: Path, tmp_path: Path) -> None:
    plan = plan_of(source, SMALL_CHUNKS)[1]
    broken = lose_pictures(source, tmp_path / "b.avi", range(RATE + 10, 2 * RATE))
    found = {stretch.begins_s: find(broken, plan, stretch) for stretch in stretches(plan)}
    assert found[Fraction(0)] is None
    refusals = [refusal for refusal in found.values() if refusal]
    assert {refusal.code for refusal in refusals} == {"source_unreadable"}
    assert "damaged at 0:00:01" in refusals[0].message
    assert refusals[0].hint


def test_a_stretch_begins_and_ends_on_the_source_s_own_clock() -> None:
    plan = facts.plan(facts.info(video=facts.picture(first_s=Fraction(7), last_s=Fraction(107), end_s=Fraction(107)),
                                 audio=facts.sound(first_s=Fraction(7), end_s=Fraction(107))))  # fmt: skip
    assert plan.video is not None
    ends = [(s.begins_s, s.end_s) for s in stretches(plan)]
    assert ends[0][0] == 7
    assert ends[-1][1] == plan.video.zero_s + plan.video.frame_count / plan.video.frame_rate
    sound = stretch_of_sound(plan.audio[0])
    assert sound.is_sound
    assert sound.begins_s == 7


def test_a_source_that_takes_more_time_than_is_allowed_is_too_demanding(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(source, SMALL_CHUNKS)[1]

    def hardly_any(**wanted: Any) -> Budget:
        return replace(plan_budget(**wanted), time_limit_s=0.0)

    monkeypatch.setattr("processing.probing.damage.plan_budget", hardly_any)
    refusal = find(source, plan, stretches(plan)[0])
    assert refusal is not None
    assert refusal.code == "source_too_demanding"
    assert "more time or memory" in refusal.message


def test_a_source_that_takes_more_memory_than_is_allowed_is_too_demanding(tmp_path: Path) -> None:
    large = make_motion_jpeg(tmp_path / "large.avi", size=(7680, 4320), duration_s=0.1, audio=False)
    plan = plan_of(large)[1]
    refusal = find(large, plan, stretches(plan)[0], max_memory_bytes=256 * 1024**2)
    assert refusal is not None
    assert refusal.code == "source_too_demanding"


def test_a_lost_lease_ends_the_search(source: Path) -> None:
    plan = plan_of(source, SMALL_CHUNKS)[1]

    def lost() -> None:
        raise StaleWork("the lease is lost")

    with pytest.raises(StaleWork):
        find_damage(source, plan, stretches(plan)[0], encoding=EncodingSettings(), heartbeat=lost)


@pytest.mark.parametrize(
    ("tail", "ours"),
    [("[out#0] Error writing trailer: No space left on device", True), ("Invalid data found", False)],
)
def test_a_full_disk_is_never_the_source_s_fault(tail: str, ours: bool) -> None:
    assert is_ours(ToolFailed("", argv=(), exit_code=1, stderr_tail=tail)) is ours
    assert is_ours(ToolFailed("", argv=(), exit_code=-9, stderr_tail=tail))
    assert not is_ours(EncodeUnverified(""))


@pytest.mark.parametrize(
    ("said", "after_a_start", "after_a_seek"),
    [
        ("", False, False),
        ("[h264 @ 0x1] error while decoding MB 3 4, bytestream -5", True, True),
        ("[h264 @ 0x1] mmco: unref short failure\n    Last message repeated 1 times", True, False),
        ("[hevc @ 0x1] Could not find ref with POC -9\n[hevc @ 0x1] Invalid NAL unit size", True, True),
        ("vp8,vp9'\n[ssa @ 0x1] Codec (ssa) not on whitelist 'h264,hevc'", False, False),
    ],
)
def test_a_decoder_is_heard_and_what_an_open_group_or_a_shut_decoder_makes_it_say_is_not(
    said: str, after_a_start: bool, after_a_seek: bool
) -> None:
    assert speaks_of_damage(said, has_sought=False) == after_a_start
    assert speaks_of_damage(said, has_sought=True) == after_a_seek
