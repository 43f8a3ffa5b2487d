"""What is counted of steps. Kinds and outcomes are closed; what a source calls itself is in no label."""

from __future__ import annotations

from gilfoyle.lib.metrics import counter, histogram
from processing.jobs import pipeline

KINDS = (
    pipeline.PROBE,
    pipeline.ENCODE_CHUNK,
    pipeline.ENCODE_AUDIO,
    pipeline.REMUX,
    pipeline.TRY_SAMPLES,
    pipeline.POSTER,
    pipeline.STORYBOARD,
    pipeline.PREVIEW,
    pipeline.TEXT,
    pipeline.FINGERPRINT,
    pipeline.BAN_PICTURES,
    pipeline.CLEAN_SOURCE,
    pipeline.FINALIZE,
    pipeline.ADOPT,
)
DONE, REFUSED, FAULTED, BROKE, POSTPONED, LOST = "done", "refused", "faulted", "broke", "postponed", "lost"
OUTCOMES = (DONE, REFUSED, FAULTED, BROKE, POSTPONED, LOST)
LEASE, NUDGE = "lease", "nudge"

STEPS = counter("gilfoyle_steps", "Tries of steps that ended, by how.", kind=KINDS, outcome=OUTCOMES)
STEP_SECONDS = histogram(
    "gilfoyle_step_duration_seconds",
    "How long steps took that ended well.",
    buckets=(0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600),
    kind=KINDS,
)
ENCODE_SPEED = histogram(
    "gilfoyle_encode_speed_ratio",
    "Seconds of video that a step encoded in a second, in all of its sizes together.",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32),
    kind=(pipeline.ENCODE_CHUNK, pipeline.ENCODE_AUDIO),
)
RESCUES = counter(
    "gilfoyle_rescues",
    "Work that the sweeper brought back: steps of lost workers, nudges.",
    what=(LEASE, NUDGE),
)
