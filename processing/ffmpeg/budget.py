"""How much time, memory and disk one ffmpeg may take for a stretch of a source."""

from __future__ import annotations

import os
from dataclasses import dataclass

from gilfoyle.lib.config import EncodingSettings
from processing.ffmpeg.runner import Limits
from processing.media import AudioPlan, EncodePlan

BASE_S = 300  # also a busy machine opens a long file within this
SLOWEST_SPEED = 60  # seconds of work a second of video: a slow preset, a large ladder, a crowded machine
FILE_SLACK_BYTES = 64 * 1024 * 1024
FILE_FACTOR = 4  # over what the bit rate's cap allows
# Up to so many cores each encoder and decoder chooses by itself. On more, each of them would plan for the whole machine,
# as often as there are slots and sizes: some thousands of threads.
SMALL_MACHINE_CORES = 8
THREADS_A_CORE = 4  # of a slot: its decoder and its encoders, of which some wait for others
MOST_THREADS = 16  # x265 takes no more


# What makes a video playable goes before what only improves it, also on a machine that does both at once.
SOME_NICENESS, MOST_NICENESS = 5, 10


@dataclass(frozen=True, slots=True)
class Budget:
    limits: Limits
    time_limit_s: float


def niceness_of(priority: int, *, is_playable: bool = False) -> int:
    """Return how readily work on the picture gives way: all but the soonest (priority 0), where it does not play yet."""
    return MOST_NICENESS if is_playable or priority else 0


def niceness_of_sound(plan: EncodePlan, audio: AudioPlan) -> int:
    """Return how readily work on a sound gives way.

    Of the first sound its first seconds are needed to play, and are there in an instant: it leaves most of the machine
    to a picture that is waited for as well, which takes longer.
    """
    if audio != plan.audio[0]:
        return MOST_NICENESS
    return SOME_NICENESS if plan.video and not plan.copy else 0


def threads_of(encoding: EncodingSettings, *, cores: int) -> int:
    """Return how many threads the decoder, the filters and each encoder of one ffmpeg take; 0: as they choose."""
    if encoding.threads or cores <= SMALL_MACHINE_CORES:
        return encoding.threads
    slots = encoding.slots or cores // 2
    return max(2, min(MOST_THREADS, THREADS_A_CORE * cores // slots))


def plan_budget(
    *, duration_s: float, bitrate_bps: int, memory_bytes: int, niceness: int = 0, effort: float = 1
) -> Budget:
    """Return the budget for encoding `duration_s` at a cap of `bitrate_bps` in each file; `effort`: 1 is that of H.264."""
    time_limit_s = BASE_S + SLOWEST_SPEED * duration_s * effort
    limits = Limits(
        memory_bytes=memory_bytes,
        cpu_s=round(time_limit_s * (os.cpu_count() or 1)),
        file_bytes=FILE_SLACK_BYTES + round(FILE_FACTOR * bitrate_bps * duration_s / 8),
        niceness=niceness,
    )
    return Budget(limits, time_limit_s)
