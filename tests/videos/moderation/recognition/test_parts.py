"""What the pages of lists say of imports and entries."""

from __future__ import annotations

import pytest

from tests.videos.fingerprints.bans import make_ban, make_list
from tests.videos.moderation.making import make_case, make_playing
from videos.audit.services import record
from videos.moderation.recognition.parts import FILLED, extreme_among, list_entries, list_imports

pytestmark = pytest.mark.django_db


def test_what_is_damaged_or_gone_is_said_and_breaks_nothing() -> None:
    hash_list = make_list()
    for data in ({"bans": {"sha256": 1200, "new": 1}}, {"bans": 7}, {}):
        record(FILLED, object_type="hash_list", object_id=hash_list.pk, data=data)
    told = [one["what"] for one in list_imports(hash_list)]
    assert told == ["\N{EN DASH}", "\N{EN DASH}", "1 new, 1,200 SHA-256"]
    make_ban("ab" * 32, hash_list=hash_list, video_id="vid_gone", project_id="prj_gone")
    (entry,) = list_entries(hash_list, may_see_extreme=False)
    assert (entry["what"], entry["video"], entry["project"]) == (
        "vid_gone",
        "A video that is gone",
        "prj_gone",
    )


def test_only_the_videos_of_extreme_cases_are_extreme() -> None:
    extreme, usual = make_playing(), make_playing()
    make_case(extreme, "csam")
    make_case(usual)
    assert extreme_among([extreme, usual]) == {extreme.pk}
