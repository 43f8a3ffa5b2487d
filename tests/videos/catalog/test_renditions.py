from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gilfoyle.lib import storage
from tests.factories import RENDITION_FACTS, make_rendition, make_video
from videos import layout
from videos.catalog import renditions, states
from videos.catalog.models import Rendition, RenditionRun, Video
from videos.catalog.selectors import list_opened_renditions, list_playable_renditions, list_ssim_samples
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db
COPY = replace(RENDITION_FACTS, name="v720copy", is_stopgap=True, target_duration_s=6)


def fresh(video: Video) -> Video:
    return Video.objects.get(pk=video.pk)


def add(video: Video, facts: renditions.RenditionFacts, run: SegmentRun) -> None:
    renditions.add_run(video_id=video.pk, revision=video.revision, facts=facts, chunk_index=0, run=run)


def test_a_chunk_that_is_added_twice_counts_once() -> None:
    video = make_video(status=states.PROCESSING)
    for sizes in ((1, 2), (3, 4)):
        for chunk, first in ((1, 2), (0, 0)):
            run = SegmentRun(first, first * 100, (100, 100), sizes)
            renditions.add_run(
                video_id=video.pk, revision=video.revision, facts=RENDITION_FACTS, chunk_index=chunk, run=run
            )
    (rendition,) = list_playable_renditions(video.pk, video.revision)
    assert [(s.number, s.start_ticks, s.size_bytes) for s in rendition.index.segments] == [
        (0, 0, 3),
        (1, 100, 4),
        (2, 200, 3),
        (3, 300, 4),
    ]
    assert (rendition.name, rendition.codec, rendition.frame_rate) == (
        "v720",
        "avc1.64001f",
        Fraction(30000, 1001),
    )
    assert RenditionRun.objects.count() == 2
    assert fresh(video).stored_bytes == 2 * (3 + 4)


def test_all_sizes_of_a_chunk_are_added_by_as_many_queries_as_one() -> None:
    video = make_video(status=states.PROCESSING)
    facts = [replace(RENDITION_FACTS, name=f"v{number}", run_count=2) for number in range(5)]
    counted = []
    for chunk, chosen in ((0, facts), (1, facts[:1]), (1, facts)):
        run = SegmentRun(chunk, chunk * 100, (100,), (7,))
        added = [renditions.Addition(one, chunk, run, {"ssim": 0.9}) for one in chosen]
        with CaptureQueriesContext(connection) as asked:
            renditions.add_runs(video_id=video.pk, revision=video.revision, added=added)
        counted.append(len(asked))
    assert counted[2] == counted[1] <= 10
    assert fresh(video).stored_bytes == 5 * 2 * 7
    assert Rendition.objects.filter(video=video, is_complete=True).count() == 5
    assert list_ssim_samples(video.pk, video.revision)["v4"] == [0.9, 0.9]


def test_a_rendition_is_whole_with_its_last_chunk_in_whatever_order_they_come() -> None:
    video = make_video(status=states.PROCESSING)
    facts = replace(RENDITION_FACTS, run_count=3)
    closed = []
    for chunk in (2, 0, 0, 1):
        run = SegmentRun(chunk * 2, chunk * 200, (100, 100), (1, 2))
        renditions.add_run(
            video_id=video.pk, revision=video.revision, facts=facts, chunk_index=chunk, run=run
        )
        closed.append(Rendition.objects.get(video=video).is_complete)
    assert closed == [False, False, False, True]


def grow(video: Video, *runs: SegmentRun) -> None:
    for run in runs:
        renditions.grow_runs(
            video_id=video.pk, revision=video.revision, growing=[(replace(RENDITION_FACTS, run_count=2), run)]
        )


def listed(video: Video) -> list[int]:
    (rendition,) = list_playable_renditions(video.pk, video.revision)
    return [segment.size_bytes for segment in rendition.index.segments]


def test_a_chunk_that_grows_is_listed_and_nothing_of_it_is_taken_back() -> None:
    video = make_video(status=states.PROCESSING)
    grow(video, SegmentRun(0, 0, (9, 9), (1, 2), (1, 1)), SegmentRun(0, 0, (9,), (1,), (1,)))
    assert listed(video) == [1, 2]
    assert list_opened_renditions(video.pk, video.revision) == {"v720"}
    grow(video, SegmentRun(4, 36, (9,), (5,)))
    assert listed(video) == [1, 2], "it ends at the first gap"
    grow(video, SegmentRun(0, 0, (9, 9, 9), (1, 2, 3)))
    assert listed(video) == [1, 2, 3]
    assert fresh(video).stored_bytes == 0, "it counts once it is whole"


def test_what_grows_makes_no_rendition_whole() -> None:
    video = make_video(status=states.PROCESSING)
    facts = replace(RENDITION_FACTS, run_count=2)
    grow(video, SegmentRun(0, 0, (9,), (1,)))
    for chunk, run in ((1, SegmentRun(2, 18, (9, 9), (3, 4))), (0, SegmentRun(0, 0, (9, 9), (1, 2)))):
        assert not Rendition.objects.get().is_complete
        renditions.add_run(
            video_id=video.pk, revision=video.revision, facts=facts, chunk_index=chunk, run=run
        )
    rendition = Rendition.objects.get()
    assert (rendition.is_complete, rendition.growing_runs) == (True, {})
    assert listed(video) == [1, 2, 3, 4]
    assert fresh(video).stored_bytes == 10


def test_a_whole_run_goes_before_what_had_grown_of_it() -> None:
    video = make_video(status=states.PROCESSING)
    add(video, RENDITION_FACTS, SegmentRun(0, 0, (9, 9), (1, 2)))
    grow(video, SegmentRun(0, 0, (9,), (1,)))  # as it is left where code before this one ended the step
    assert listed(video) == [1, 2]


def test_all_sizes_of_a_chunk_grow_together_by_as_many_queries_as_one() -> None:
    video = make_video(status=states.PROCESSING)
    all_facts = [replace(RENDITION_FACTS, name=f"v{number}") for number in range(5)]
    counted = []
    for count, chosen in ((1, all_facts), (2, all_facts[:1]), (3, all_facts)):
        run = SegmentRun(0, 0, (9,) * count, (1,) * count)
        with CaptureQueriesContext(connection) as asked:
            renditions.grow_runs(
                video_id=video.pk, revision=video.revision, growing=[(facts, run) for facts in chosen]
            )
        counted.append(len(asked))
    assert counted[2] == counted[1] <= 6


def test_one_rendition_is_closed_and_no_other() -> None:
    video = make_video(status=states.PROCESSING)
    for name in ("v720copy", "v720"):
        make_rendition(video, name)
    renditions.complete_rendition(video_id=video.pk, revision=video.revision, name="v720copy")
    closed = Rendition.objects.filter(video=video, is_complete=True)
    assert [one.name for one in closed] == ["v720copy"]


def test_a_rendition_that_is_removed_takes_its_bytes_along(
    django_capture_on_commit_callbacks: Any,
) -> None:
    video = make_video(status=states.PROCESSING, source=b"source")
    add(video, COPY, SegmentRun(0, 0, (1, 1), (10, 20)))
    add(video, RENDITION_FACTS, SegmentRun(0, 0, (1,), (7,)))
    kept, gone = (
        layout.segment_name(layout.rendition_folder(video.project_id, video.pk, video.revision, name), 0)
        for name in ("v720", "v720copy")
    )
    for name in (kept, gone):
        storage.save_bytes(name, b"segment")
    for _again in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            renditions.remove_rendition(video_id=video.pk, revision=video.revision, name="v720copy")
            assert storage.exists(gone) is not bool(_again), "nothing goes before the change is certain"
    assert (storage.exists(kept), storage.exists(gone)) == (True, False)
    assert [one.name for one in Rendition.objects.filter(video=video)] == ["v720"]
    assert fresh(video).stored_bytes == len(b"source") + 7


def test_stopgaps_go_when_nobody_can_be_playing_them_any_more() -> None:
    now = timezone.now()
    ages_s = {"old": 7201, "young": 7199}
    made = {}
    for name, age_s in ages_s.items():
        video = make_video(status=states.READY)
        Video.objects.filter(pk=video.pk).update(ready_at=now - timedelta(seconds=age_s))
        add(video, COPY, SegmentRun(0, 0, (1,), (10,)))
        add(video, RENDITION_FACTS, SegmentRun(0, 0, (1,), (10,)))
        made[name] = video
    unfinished = make_video(status=states.PROCESSING)
    add(unfinished, COPY, SegmentRun(0, 0, (1,), (10,)))
    assert renditions.remove_stopgaps(longest_play_s=7200, now=now) == 1
    assert renditions.remove_stopgaps(longest_play_s=7200, now=now) == 0
    left = {name: {one.name for one in made[name].renditions.all()} for name in made}
    assert left == {"old": {"v720"}, "young": {"v720", "v720copy"}}
    assert unfinished.renditions.count() == 1


def test_what_is_withheld_is_told_to_nobody_who_plays_and_keeps_its_first_reason() -> None:
    video = make_video(status=states.PROCESSING)
    for reason in ("It shows another picture.", "Something else."):
        renditions.withhold_rendition(
            video_id=video.pk, revision=video.revision, facts=RENDITION_FACTS, reason=reason
        )
    add(video, RENDITION_FACTS, SegmentRun(0, 0, (1,), (7,)))
    (row,) = list_playable_renditions(video.pk, video.revision)
    assert (row.withheld_reason, len(row.index.segments)) == ("It shows another picture.", 1)
    assert list_opened_renditions(video.pk, video.revision) == set()


def test_a_report_and_its_samples_are_kept() -> None:
    video = make_video(status=states.PROCESSING)
    for chunk, ssim in enumerate((0.9, 0.8, None)):
        renditions.add_run(
            video_id=video.pk,
            revision=video.revision,
            facts=RENDITION_FACTS,
            chunk_index=chunk,
            run=SegmentRun(chunk, chunk, (1,), (1,)),
            quality={"ssim": ssim},
        )
    assert list_ssim_samples(video.pk, video.revision) == {"v720": [0.9, 0.8]}
    renditions.record_quality(
        video_id=video.pk, revision=video.revision, name="v720", quality={"frames": 3}, withheld_reason=""
    )
    (row,) = list_playable_renditions(video.pk, video.revision)
    assert (row.quality, row.withheld_reason) == ({"frames": 3}, "")
