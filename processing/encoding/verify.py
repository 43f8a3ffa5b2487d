"""Compares what was encoded with what was planned, before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import NoReturn

from gilfoyle.lib.audio_settings import AudioCodec
from gilfoyle.lib.codec_settings import VideoCodec
from processing.errors import EncodeUnverified
from processing.media import AudioPlan, Chunk, CopyPlan, Rung, VideoPlan
from processing.packaging.fragments import Fragment, InitSegment

SAMPLE_ENTRIES: Mapping[VideoCodec, str] = {"h264": "avc1", "hevc": "hvc1", "vp9": "vp09", "av1": "av01"}
SOUND_ENTRIES: Mapping[AudioCodec, str] = {"aac": "mp4a", "opus": "Opus"}


def require_planned_init(init: InitSegment, rung: Rung, plan: VideoPlan) -> None:
    """Check size, codec and time scale of a video's init segment.

    Raises: EncodeUnverified.
    """
    _expect("codec of", rung.name, SAMPLE_ENTRIES[rung.codec], init.sample_entry)
    _expect("size of", rung.name, (rung.width, rung.height), (init.width, init.height))
    _expect("time scale of", rung.name, plan.timescale, init.timescale)
    _expect("edit list of", rung.name, False, init.has_edit_list)


def require_planned_count(count: int, rung: Rung, plan: VideoPlan, chunk: Chunk) -> None:
    """Check that all of a chunk's segments are there.

    Raises: EncodeUnverified.
    """
    _expect("number of segments of", rung.name, len(_begins(plan, chunk)), count)


def require_planned_segment(
    fragment: Fragment, number: int, rung: Rung, plan: VideoPlan, chunk: Chunk
) -> None:
    """Check that a chunk's segment (the first is 0) begins with a key frame where the grid says, and shows every frame once, in its time.

    Raises: EncodeUnverified.
    """
    begins = _begins(plan, chunk)
    if number >= len(begins):
        _refuse("number of segments of", rung.name, len(begins), f"{number + 1} at least")
    ticks, begin = plan.frame_ticks, begins[number]
    end = min(begin + plan.segment_frames, chunk.end_frame)
    where = f"{rung.name}, frame {begin}"
    shown = sorted(sample.shown_at for sample in fragment.samples)
    _expect("number of frames at", where, end - begin, len(shown))
    _expect("decode time at", where, begin * ticks, fragment.decode_time)
    if shown != list(range(begin * ticks, end * ticks, ticks)):
        _refuse("frames stand beside the grid at", where, "on the grid", shown[:8])
    _expect("duration at", where, (end - begin) * ticks, fragment.duration_ticks)
    _expect("key frame at", where, True, fragment.samples[0].is_key)


def _begins(plan: VideoPlan, chunk: Chunk) -> range:
    return range(chunk.first_frame, chunk.end_frame, plan.segment_frames)


def require_copied_init(init: InitSegment, plan: CopyPlan) -> None:
    """Check size, codec and time scale of the init segment of a source's own frames.

    Raises: EncodeUnverified.
    """
    _expect("codec of", plan.name, "avc1", init.sample_entry)
    _expect("size of", plan.name, (plan.width, plan.height), (init.width, init.height))
    _expect("time scale of", plan.name, plan.timescale, init.timescale)
    _expect("edit list of", plan.name, False, init.has_edit_list)


def require_copied_frames(fragments: Sequence[Fragment], plan: CopyPlan, *, begins_at: int) -> None:
    """Check that segments go on from `begins_at` without a gap, each from a key frame that is shown first.

    And that none is longer than players are told before they see it.

    Raises: EncodeUnverified.
    """
    time = begins_at
    for fragment in fragments:
        where = f"{plan.name}, {time / plan.timescale:.3f} s"
        _expect("decode time at", where, time, fragment.decode_time)
        _expect("first frame at", where, time, fragment.first_shown_at)
        first = fragment.samples[0]
        _expect("key frame at", where, (True, time), (first.is_key, first.shown_at))
        duration_s = Fraction(fragment.duration_ticks, plan.timescale)
        if duration_s >= plan.target_duration_s + Fraction(1, 2):
            _refuse("length at", where, f"at most {plan.target_duration_s} s", f"{float(duration_s):.3f} s")
        time += fragment.duration_ticks


def require_planned_sound_init(init: InitSegment, plan: AudioPlan) -> None:
    """Check codec and time scale of the sound's init segment.

    Raises: EncodeUnverified.
    """
    _expect("codec of", plan.name, SOUND_ENTRIES[plan.codec], init.sample_entry)
    _expect("time scale of", plan.name, plan.timescale, init.timescale)
    _expect("edit list of", plan.name, False, init.has_edit_list)


def require_planned_sound(fragments: Sequence[Fragment], plan: AudioPlan, *, begins_at: int = 0) -> None:
    """Check continuity and length of the sound, of which the ticks to `begins_at` are there already.

    Raises: EncodeUnverified.
    """
    time = begins_at
    for number, fragment in enumerate(fragments):
        _expect("decode time at", f"{plan.name}, segment {number}", time, fragment.decode_time)
        time += fragment.duration_ticks
    wanted = round(plan.duration_s * plan.timescale)
    tolerance = 3 * 1024  # whole packets, and what the encoder holds back at the end
    if not fragments or abs(time - wanted) > tolerance:
        _refuse("length of", plan.name, wanted, time)


def _expect(what: str, where: str, wanted: object, found: object) -> None:
    if wanted != found:
        _refuse(what, where, wanted, found)


def _refuse(what: str, where: str, wanted: object, found: object) -> NoReturn:
    message = f"The encoded {what} {where} is not as planned: wanted {wanted}, found {found}."
    raise EncodeUnverified(message)
