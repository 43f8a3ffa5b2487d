from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from processing.jobs.quality import Verdict, judge_renditions, playable_without
from processing.media import EncodePlan
from tests.processing.facts import info, plan, sound
from videos.segment_index import PlayableRendition, SegmentRun, merge_runs

PLAN = plan(info(audio=sound()))


def made(name: str, timescale: int, run: SegmentRun, **changes: Any) -> PlayableRendition:
    kind: Any = "audio" if name.startswith("a") else "video"
    index = merge_runs(timescale, [run])
    rendition = PlayableRendition(name, kind, "", None, None, None, None, "", 0, index, is_complete=False)
    return replace(rendition, **changes)


def picture(name: str, *, frames: int = 2500, segments: int = 25, start_ticks: int = 0) -> PlayableRendition:
    assert PLAN.video is not None
    ticks = PLAN.video.frame_ticks
    durations = [100 * ticks] * (segments - 1)
    durations.append(frames * ticks - sum(durations))
    return made(name, PLAN.video.timescale, SegmentRun(0, start_ticks, tuple(durations), (1,) * segments))


def heard(*, begins_s: float = 0, ends_s: float = 100) -> PlayableRendition:
    ticks = (round(begins_s * 48_000), round((ends_s - begins_s) * 48_000))
    return made("a0", 48_000, SegmentRun(0, ticks[0], (ticks[1],), (1,)))


def judged(*changed: PlayableRendition, scores: dict[str, list[float]] | None = None) -> dict[str, Verdict]:
    assert PLAN.video is not None
    everything = {rung.name: picture(rung.name) for rung in PLAN.video.rungs} | {"a0": heard()}
    everything |= {one.name: one for one in changed}
    return {one.name: one for one in judge_renditions(PLAN, tuple(everything.values()), scores or {})}


def test_what_is_as_planned_has_its_figures_and_no_problem() -> None:
    verdicts = judged(scores={"v720": [0.9, 0.98]})
    assert {one.problem for one in verdicts.values()} == {""}
    assert verdicts["v720"].quality == {
        "frames": 2500,
        "planned_frames": 2500,
        "is_aligned": True,
        "ssim_mean": 0.94,
        "ssim_lowest": 0.9,
    }
    assert verdicts["v480"].quality["ssim_mean"] is None
    assert verdicts["a0"].quality == {"av_offset_s": 0, "length_difference_s": 0}


@pytest.mark.parametrize(
    ("rendition", "words"),
    [
        (picture("v720", segments=24, frames=2400), "24 of 25 segments"),
        (picture("v720", frames=2499), "2499 frames, not 2500"),
        (picture("v720", start_ticks=1), "do not begin where"),
        (heard(begins_s=0.2), "begins 200 ms after the picture"),
        (heard(ends_s=99.5), "ends -500 ms after the picture"),
        (made("a0", 48_000, SegmentRun(1, 0, (1,), (1,))), "no sound in it"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_not_as_planned_is_said_of_that_rendition_alone(
    rendition: PlayableRendition, words: str
) -> None:
    problems = {name: one.problem for name, one in judged(rendition).items() if one.problem}
    assert list(problems) == [rendition.name]
    assert words in problems[rendition.name]


def test_a_rendition_that_was_never_made_is_a_problem() -> None:
    (verdict,) = (one for one in judge_renditions(PLAN, [], {}) if one.name == "v1080")
    assert verdict.problem == "0 of 25 segments are there."


@pytest.mark.parametrize(
    ("withheld", "is_playable"),
    [((), True), (("v1080",), True), (("a0",), False), (("v1080", "v720", "v480", "v360", "v240"), False)],
)
def test_a_video_needs_a_picture_and_its_first_sound(withheld: tuple[str, ...], *, is_playable: bool) -> None:
    assert playable_without(PLAN, withheld) is is_playable


def test_sound_alone_needs_no_picture() -> None:
    alone: EncodePlan = replace(PLAN, video=None)
    assert playable_without(alone, ())
    assert not playable_without(alone, ("a0",))
