from __future__ import annotations

import os

import pytest

from gilfoyle.lib.config import EncodingSettings
from processing.ffmpeg.budget import niceness_of, niceness_of_sound, plan_budget, threads_of
from tests.processing import facts


def test_longer_work_may_take_longer_and_write_more() -> None:
    short = plan_budget(duration_s=8, bitrate_bps=1_000_000, memory_bytes=7)
    long = plan_budget(duration_s=80, bitrate_bps=1_000_000, memory_bytes=7)
    assert short.limits.memory_bytes == 7
    assert long.time_limit_s > short.time_limit_s
    assert long.limits.file_bytes > short.limits.file_bytes > 8 * 1_000_000 / 8
    hard = plan_budget(duration_s=8, bitrate_bps=1_000_000, memory_bytes=7, effort=6)
    assert hard.time_limit_s > 4 * short.time_limit_s / 2
    assert hard.limits.file_bytes == short.limits.file_bytes
    assert short.limits.cpu_s >= short.time_limit_s * (os.cpu_count() or 1) - 1


def test_what_makes_a_video_playable_gives_way_to_nothing() -> None:
    assert [niceness_of(priority) for priority in range(5)] == [0, 10, 10, 10, 10]
    assert niceness_of(0, is_playable=True) == 10
    assert plan_budget(duration_s=1, bitrate_bps=1, memory_bytes=1, niceness=5).limits.niceness == 5


def test_sound_leaves_the_machine_to_a_picture_that_is_waited_for() -> None:
    sounds = (facts.sound(), facts.sound(index=2))
    fit = facts.picture(h264_profile=100, h264_level=40, is_plainly_coded=True)
    niceness = {
        what: [niceness_of_sound(plan, sound) for sound in plan.audio]
        for what, plan in {
            "encoded": facts.plan(facts.info(audio=sounds)),
            "copied": facts.plan(facts.info(audio=sounds, video=fit)),
            "no picture": facts.plan(facts.info(audio=sounds, video=None)),
        }.items()
    }
    assert niceness == {"encoded": [5, 10], "copied": [0, 10], "no picture": [0, 10]}


@pytest.mark.parametrize(
    ("cores", "slots", "threads"),
    [(2, 0, 0), (8, 0, 0), (8, 1, 0), (16, 0, 8), (64, 0, 8), (96, 0, 8), (64, 1, 16), (64, 200, 2)],
)
def test_a_large_machine_does_not_start_a_thread_for_each_core_in_each_encoder_of_each_slot(
    cores: int, slots: int, threads: int
) -> None:
    assert threads_of(EncodingSettings(slots=slots), cores=cores) == threads
    assert threads_of(EncodingSettings(slots=slots, threads=3), cores=cores) == 3
