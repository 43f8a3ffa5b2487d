"""The filter chain of sound: put on the picture's zero, mixed to the planned channels, exactly as long as planned."""

from __future__ import annotations

from fractions import Fraction

from processing.ffmpeg.filters import FilterStep
from processing.ffmpeg.loudness import CEILING_DB, UNCHANGED, Level
from processing.ffmpeg.sound_codecs import lead_samples
from processing.media import AudioPlan

# Rec. ITU-R BS.775: front speakers as they are, the centre (dialogue) and each surround speaker 3 dB lower on its side or
# on both, without the bass channel. The whole is then lowered so far that it can't clip (7.7 dB for 5.1); what the mix
# of floating point numbers lets pass would be cut by the encoder.
BS_775 = (
    ("clev", "0.7071"),
    ("slev", "0.7071"),
    ("lfe_mix_level", 0),
    ("rematrix_maxval", 1),
)
LAYOUTS = {"stereo": "stereo", "surround": "5.1"}
PANS = {
    # Channels without names are takes of one recording more often than a room: the first two are its mix.
    "first_two": "stereo|c0=c0|c1=c1",
    # Left and right out of the first-order components (AmbiX: all, left-right, …): two cardioids that look aside.
    "ambisonic": "stereo|c0=0.5*c0+0.5*c1|c1=0.5*c0-0.5*c1",
}


def sound_steps(plan: AudioPlan, level: Level = UNCHANGED) -> tuple[FilterStep, ...]:
    """Return the chain that puts sound on the video's zero, without gaps, exactly as long as planned.

    It begins as much earlier as the codec's encoder needs to have its first kept packet at zero.
    """
    lead = lead_samples(plan.codec)
    lead_s = Fraction(lead, plan.timescale)
    end = _decimal(plan.duration_s + lead_s)
    return (
        FilterStep("asetpts", (("expr", f"PTS-({_fraction(plan.zero_s - lead_s)})/TB"),)),
        *_pan(plan),
        # async=1 fills gaps and follows drifting clocks; first_pts=0 fills or cuts what lies before.
        FilterStep(
            "aresample",
            (
                ("osr", plan.timescale),
                ("async", 1),
                ("min_hard_comp", "0.03"),
                ("first_pts", 0),  # no other number: it would count in the source's samples
                *_rematrix(plan),
            ),
        ),
        *_level(level, plan.timescale),
        FilterStep("apad", (("whole_dur", end),)),
        FilterStep("atrim", (("end", end),)),
        *([FilterStep("asetpts", (("expr", f"PTS-{lead}"),))] if lead else []),
    )


def _pan(plan: AudioPlan) -> list[FilterStep]:
    return [FilterStep("pan", (("args", PANS[plan.mix]),))] if plan.mix in PANS else []


def _rematrix(plan: AudioPlan) -> tuple[tuple[str, str | int], ...]:
    return (("ochl", LAYOUTS[plan.mix]), *BS_775) if plan.mix in LAYOUTS else ()


def metering_steps(plan: AudioPlan) -> tuple[FilterStep, ...]:
    """Return the chain that measures the loudness of what would be encoded, and says it at its end."""
    meter = (
        ("peak", "sample"),
        ("framelog", "quiet"),  # only the summary
        ("dualmono", 1),  # mono comes out of two loudspeakers too
    )
    return (*sound_steps(plan), FilterStep("ebur128", meter))


def _level(level: Level, rate_hz: int) -> list[FilterStep]:
    if level == UNCHANGED:
        return []
    gain = FilterStep("volume", (("volume", f"{level.gain_db}dB"),))
    if not level.is_limited:
        return [gain]
    limiter = (
        ("limit", f"{10 ** (CEILING_DB / 20):.4f}"),
        ("level", 0),  # it must not make up for what it takes
        ("latency", 1),  # nor be late by as much as it looks ahead
    )
    # At four times the rate it sees what the wave does between samples (ITU-R BS.1770, annex 2).
    over = FilterStep("aresample", (("osr", 4 * rate_hz),))
    return [gain, over, FilterStep("alimiter", limiter), FilterStep("aresample", (("osr", rate_hz),))]


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"


def _decimal(value: Fraction) -> str:
    return f"{float(value):.6f}"
