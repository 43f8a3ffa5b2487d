from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from processing.encoding.verify import (
    require_planned_count,
    require_planned_init,
    require_planned_segment,
    require_planned_sound,
    require_planned_sound_init,
)
from processing.errors import EncodeUnverified
from processing.media import Chunk, Rung, VideoPlan
from processing.packaging.fragments import Fragment, InitSegment, Sample
from tests.processing import facts

PLAN = facts.plan(facts.info(audio=facts.sound()), segment_s=1, opening_s=1, chunk_s=4)
assert PLAN.video is not None
VIDEO: VideoPlan = PLAN.video
AUDIO = PLAN.audio[0]
RUNG = VIDEO.rungs[0]
CHUNK = VIDEO.chunks[2]  # frames 25 to 125: four segments
TICKS = VIDEO.frame_ticks
INIT = InitSegment(VIDEO.timescale, "avc1", RUNG.width, RUNG.height, b"", has_edit_list=False)
SOUND_INIT = InitSegment(48_000, "mp4a", 0, 0, b"", has_edit_list=False)


def require_planned_frames(fragments: Sequence[Fragment], rung: Rung, video: VideoPlan, chunk: Chunk) -> None:
    for number, fragment in enumerate(fragments):
        require_planned_segment(fragment, number, rung, video, chunk)
    require_planned_count(len(fragments), rung, video, chunk)


def planned() -> list[Fragment]:
    """What a perfect encode gives; shown in another order than decoded, as with B-frames."""
    fragments = []
    for begin in range(CHUNK.first_frame, CHUNK.end_frame, 25):
        shown = [begin, begin + 2, begin + 1, *range(begin + 3, begin + 25)]
        samples = tuple(
            Sample(frame * TICKS, TICKS, 10, is_key=number == 0) for number, frame in enumerate(shown)
        )
        fragments.append(Fragment(begin * TICKS, samples))
    return fragments


def test_what_was_planned_is_accepted() -> None:
    require_planned_init(INIT, RUNG, VIDEO)
    require_planned_frames(planned(), RUNG, VIDEO, CHUNK)


@pytest.mark.parametrize(
    "wrong",
    [
        replace(INIT, timescale=90_000),
        replace(INIT, width=RUNG.width - 2),
        replace(INIT, sample_entry="mp4a"),
        replace(INIT, has_edit_list=True),
    ],
)
def test_another_init_segment_is_refused(wrong: InitSegment) -> None:
    with pytest.raises(EncodeUnverified, match=RUNG.name):
        require_planned_init(wrong, RUNG, VIDEO)


def shifted(fragment: Fragment, ticks: int) -> Fragment:
    return replace(fragment, samples=tuple(replace(s, shown_at=s.shown_at + ticks) for s in fragment.samples))


WRONG: dict[str, Callable[[Fragment], Fragment]] = {
    "a frame missing": lambda f: replace(f, samples=f.samples[:-1]),
    "a frame twice": lambda f: replace(f, samples=(*f.samples[:-1], f.samples[-2])),
    "all frames a tick late": lambda f: shifted(f, 1),
    "all frames a frame late": lambda f: shifted(f, TICKS),
    "decoded too early": lambda f: replace(f, decode_time=f.decode_time - TICKS),
    "too long": lambda f: replace(f, samples=(replace(f.samples[0], duration_ticks=TICKS + 1), *f.samples[1:])),
    "no key frame": lambda f: replace(f, samples=(replace(f.samples[0], is_key=False), *f.samples[1:])),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.parametrize("place", [0, 3])
def test_anything_else_in_a_segment_is_refused(what: str, place: int) -> None:
    fragments = planned()
    fragments[place] = WRONG[what](fragments[place])
    with pytest.raises(EncodeUnverified, match="not as planned"):
        require_planned_frames(fragments, RUNG, VIDEO, CHUNK)


def test_a_segment_missing_or_too_many_is_refused() -> None:
    for fragments in (planned()[:-1], [*planned(), planned()[-1]], []):
        with pytest.raises(EncodeUnverified, match="number of segments"):
            require_planned_frames(fragments, RUNG, VIDEO, CHUNK)


def sound(duration_s: Fraction) -> list[Fragment]:
    packets = -(-round(duration_s * 48_000) // 1024)
    spans = [range(begin, min(begin + 47, packets)) for begin in range(0, packets, 47)]
    return [
        Fragment(span.start * 1024, tuple(Sample(n * 1024, 1024, 9, is_key=True) for n in span))
        for span in spans
    ]


def test_sound_of_the_planned_length_is_accepted() -> None:
    require_planned_sound_init(SOUND_INIT, AUDIO)
    require_planned_sound(sound(AUDIO.duration_s), AUDIO)
    require_planned_sound(
        sound(AUDIO.duration_s)[2:], AUDIO, begins_at=sound(AUDIO.duration_s)[2].decode_time
    )


def test_sound_that_is_too_short_too_long_or_torn_is_refused() -> None:
    whole = sound(AUDIO.duration_s)
    for wrong in ([], sound(AUDIO.duration_s - 1), sound(AUDIO.duration_s + 1), whole[:3] + whole[4:]):
        with pytest.raises(EncodeUnverified):
            require_planned_sound(wrong, AUDIO)
    with pytest.raises(EncodeUnverified, match="edit list"):
        require_planned_sound_init(replace(SOUND_INIT, has_edit_list=True), AUDIO)
