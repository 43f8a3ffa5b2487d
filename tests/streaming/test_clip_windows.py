from __future__ import annotations

import dataclasses

from streaming.addresses import FileClass, VideoAddress
from streaming.clip_windows import ClipWindows, find_opened
from streaming.gate import Wish
from streaming.tokens.claims import Clip
from tests.streaming.manifests.presentations import AUDIO, LADDER, growing
from tests.streaming.test_gate import ADDRESS, POLICY, REVISION, VIDEO
from videos.segment_index import PlayableRendition

V1080 = LADDER.video[0]  # 4.004 s, 4.004 s, 1.5015 s
CLIP = Clip(5000, 9000)


class Rows:
    def __init__(self, *renditions: PlayableRendition) -> None:
        self.renditions: tuple[PlayableRendition, ...] = renditions
        self.reads = 0

    def load(self, video_id: str, revision: str) -> tuple[PlayableRendition, ...]:
        assert (video_id, revision) == ("vid_1", "R1")
        self.reads += 1
        return self.renditions


def test_what_is_whole_is_read_once():
    rows = Rows(V1080, AUDIO)
    windows = ClipWindows(rows.load)
    for wanted in (0, 1, 2, 3, 99_999):
        assert windows.find("vid_1", "R1", "v1080", CLIP, wanted=wanted) == range(1, 3)
        assert windows.find("vid_1", "R1", "a0", CLIP, wanted=wanted) == range(1, 3)
    assert windows.origin_ms("vid_1", "R1", CLIP) == 4004
    assert rows.reads == 1
    windows.forget()
    windows.find("vid_1", "R1", "v1080", CLIP, wanted=1)
    assert rows.reads == 2


def test_what_grows_is_read_again_for_a_segment_that_may_have_come():
    rows = Rows(growing(V1080, 1))
    windows = ClipWindows(rows.load)
    assert windows.find("vid_1", "R1", "v1080", CLIP, wanted=1) == range(0)
    rows.renditions = (growing(V1080, 2),)
    assert windows.find("vid_1", "R1", "v1080", CLIP, wanted=1) == range(1, 2)
    reads = rows.reads
    assert windows.find("vid_1", "R1", "v1080", CLIP, wanted=1) == range(1, 2)
    assert rows.reads == reads
    rows.renditions = (V1080,)
    assert windows.find("vid_1", "R1", "v1080", CLIP, wanted=2) == range(1, 3)


def test_of_what_there_is_not_nothing_is_opened():
    withheld = dataclasses.replace(V1080, name="v1080hevc", withheld_reason="broken")
    windows = ClipWindows(Rows(V1080, withheld).load)
    assert windows.find("vid_1", "R1", "v2160", CLIP, wanted=1) == range(0)
    assert windows.find("vid_1", "R1", "v1080hevc", CLIP, wanted=1) == range(0)
    assert windows.find("vid_1", "R1", "v1080", Clip(60_000, 61_000), wanted=1) == range(0)


def test_only_questions_for_a_segment_of_this_video_cost_a_look():
    # No database is at hand here: a query would fail.
    asked = Wish(ADDRESS, rendition="v720", segment=1)
    elsewhere = VideoAddress("", ADDRESS.project_id, VIDEO, "S" * 16)
    assert find_opened(Wish(ADDRESS), CLIP, POLICY) == range(0)
    assert find_opened(dataclasses.replace(asked, video=elsewhere), CLIP, POLICY) == range(0)
    assert find_opened(dataclasses.replace(asked, rendition=None), CLIP, POLICY) == range(0)
    assert find_opened(Wish(ADDRESS, FileClass.CAPTION, segment=0), CLIP, POLICY) == range(1, 3)
    assert ADDRESS.revision == REVISION
