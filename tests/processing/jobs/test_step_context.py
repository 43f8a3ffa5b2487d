from __future__ import annotations

import pytest

from processing.jobs.step_context import add_part
from tests.factories import RENDITION_FACTS, make_job, make_video
from videos.catalog.models import RenditionRun
from videos.segment_index import SegmentRun

pytestmark = pytest.mark.django_db


def test_a_part_replaces_the_one_that_began_at_the_same_segment() -> None:
    job = make_job(make_video(status="processing"))
    for size_bytes in (1, 2):
        for first in (0, 3):
            run = SegmentRun(first, first * 10, (10, 10, 10), (size_bytes,) * 3)
            add_part(job, facts=RENDITION_FACTS, run=run)
    assert sorted(RenditionRun.objects.values_list("chunk_index", "sizes")) == [(0, [2] * 3), (3, [2] * 3)]
