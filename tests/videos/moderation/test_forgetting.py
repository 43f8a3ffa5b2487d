from typing import Any

import pytest

from tests.factories import make_project
from tests.videos.moderation.making import make_playing, make_report
from tests.videos.usage.making import put
from videos.access.freezes import set_upload_freeze
from videos.access.models import UploadFreeze
from videos.moderation.forgetting import forget_person, forget_sealed_mentions, rename_creator
from videos.moderation.models import Report
from videos.usage.models import DailyUse

pytestmark = pytest.mark.django_db


def test_who_reported_and_what_they_wrote_goes_the_report_stays() -> None:
    video = make_playing()
    mine = make_report(video, reporter="user-17", comment="Look.")
    other = make_report(video, reporter="user-18", comment="Look.")
    assert forget_person("user-17", project_id=video.project_id) == {"reports_by": 1, "appeals_by": 0}
    mine.refresh_from_db()
    assert (mine.reporter, bytes(mine.sealed_text), mine.reason) == ("", b"", "hate")
    assert Report.objects.get(pk=other.pk).reporter


def test_words_that_name_somebody_go() -> None:
    video = make_playing()
    make_report(video, reporter="a", comment="Look.", evidence=("https://x.example/user-17",))
    kept = make_report(video, reporter="b", comment="Hm.")
    other = make_report(video, reporter="c", comment="By user-173, and by superuser-17.")
    of = video.project_id
    names = ("comment", "evidence", "user-17")
    assert [forget_sealed_mentions(name, project_id=of) for name in names] == [0, 0, 1]
    assert set(Report.objects.exclude(sealed_text=b"")) == {kept, other}


def test_a_second_of_its_kind_gets_a_name_of_its_own() -> None:
    project_id = make_playing().project_id
    for _ in range(2):
        set_upload_freeze(project_id=project_id, target_type="creator", target_id="user-17", is_frozen=True)
        named = {"project_id": project_id, "creator_id": "user-17", "pseudonym": "erased_1"}
        assert rename_creator(UploadFreeze, "target", **named) == 1
    names = sorted(UploadFreeze.objects.values_list("target_id", flat=True))
    assert names[0] == "erased_1"
    assert names[1].startswith("erased_1:")


def test_many_rows_are_renamed_at_once(django_assert_num_queries: Any) -> None:
    project = make_project()
    named = {"project_id": project.pk, "creator_id": "user-17", "pseudonym": "erased_1"}
    put(project, "uploads", *[5] * 20, of=("creator", "user-17"))
    with django_assert_num_queries(3):  # a savepoint around it
        assert rename_creator(DailyUse, "target", **named) == 20
    put(
        project, "uploads", 7, 0, of=("creator", "user-17")
    )  # counted meanwhile, of a day that is there already
    put(project, "reports", 7, of=("creator", "user-17"))
    assert rename_creator(DailyUse, "target", **named) == 2
    names = DailyUse.objects.values_list("target_id", flat=True)
    assert sorted(name.split(":")[0] for name in names) == ["erased_1"] * 22
    assert len([name for name in names if ":" in name]) == 1
