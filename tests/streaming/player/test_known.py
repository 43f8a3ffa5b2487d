from __future__ import annotations

from streaming.player import known
from videos.catalog.models import Video


def test_many_that_ask_cost_one_query(video, django_assert_num_queries):
    with django_assert_num_queries(1):
        facts = [known.get_facts(video.pk) for _ in range(50)]
    assert {(one.progress, one.picture) for one in facts} == {(video.progress, (426, 240))}
    Video.objects.filter(pk=video.pk).update(progress=77, width=None)
    known.forget()
    assert (known.get_facts(video.pk).progress, known.get_facts(video.pk).picture) == (77, None)


def test_nothing_is_known_of_a_video_that_is_gone(db):
    assert known.get_facts("vid_000000000000000000").picture is None
