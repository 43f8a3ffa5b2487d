from typing import Any

import numpy as np

from videos.fingerprints.index import Hits
from videos.fingerprints.matching import Rule, Seen, Tally, judge


def tallied(*pairs, moment_of=range(6), limit=48, repeats=1):
    """Count (frame, place, distance) of one ban, hit by hit."""
    moments = np.array(moment_of, dtype=np.int32)
    tally = Tally(np.zeros(len(moments), dtype=np.int32), np.array([limit], dtype=np.int16))
    for frame, place, distance in pairs:
        hits = Hits(frame, np.array([place]), np.array([distance], dtype=np.uint16))
        tally.add(hits, frame=frame, repeats=repeats)
    return tally.seen(0, moments)


def judged(*args: Any, **options: Any) -> Any:
    return judge(*args, **options)


def test_enough_of_either_side_is_a_match() -> None:
    three = tallied((5, 0, 10), (6, 1, 3), (7, 2, 48), moment_of=(0, 1, 1))
    assert judged(three, frame_count=10, moment_count=100, rule=Rule()).video_share == 0.3
    of_ban = judged(three, frame_count=1000, moment_count=4, rule=Rule())
    assert (of_ban.ban_share, of_ban.frames, of_ban.first_frame, of_ban.first_moment) == (0.5, 3, 5, 0)
    assert of_ban.least_bits == 3
    assert judged(three, frame_count=11, moment_count=100, rule=Rule()) is None


def test_one_picture_or_too_far_ones_are_none() -> None:
    one = tallied((1, 0, 0), (1, 1, 0))
    assert one == Seen(frames=1, moments=2, first_frame=1, first_moment=0, least_bits=0)
    assert judge(one, frame_count=1, moment_count=2, rule=Rule()) is None
    far = ((1, 0, 49), (2, 1, 50))
    assert tallied(*far) is None
    assert tallied(*far, limit=-1) is None
    near = tallied(*far, limit=50)
    assert judge(near, frame_count=2, moment_count=2, rule=Rule()) is not None
    assert judge(near, frame_count=0, moment_count=2, rule=Rule()) is None
    assert judge(None, frame_count=2, moment_count=2, rule=Rule()) is None


def test_a_picture_that_stands_still_counts_as_often_as_it_is_shown() -> None:
    still = tallied((4, 0, 2), repeats=6)
    assert judged(still, frame_count=10, moment_count=50, rule=Rule()).video_share == 0.6
