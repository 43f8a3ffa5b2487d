from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import make_project
from tests.videos.fingerprints.bans import make_ban
from tests.videos.moderation.making import make_playing, make_report
from videos.catalog.models import Video
from videos.fingerprints.models import FingerprintMatch
from videos.moderation.models import Report
from videos.moderation.rule_history import VideoHistory, _Reported, read_histories, thinned
from videos.moderation.rules import COMING, MATCHING, REPORT

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


def only_history() -> VideoHistory:
    now = timezone.now()
    ((history,),) = list(read_histories(since=now - 30 * HOUR, until=now, windows=[24 * HOUR]))
    return history


def test_facts_are_those_of_the_moment() -> None:
    now, project = timezone.now(), make_project()
    older = make_playing(project, creator_id="u1")
    Video.objects.filter(pk=older.pk).update(uploaded_at=now - 50 * HOUR, playable_at=now - 50 * HOUR)
    video = make_playing(project, creator_id="u1")
    Video.objects.filter(pk=video.pk).update(uploaded_at=now - 9 * HOUR, playable_at=now - 7 * HOUR)
    FingerprintMatch.objects.create(
        video_id=video.pk, project_id=project.pk, upload_id="u", ban=make_ban("d" * 64), kind="sha256",
        action="hold", video_share=0.4, created_at=now - 8 * HOUR,
    )  # fmt: skip
    said = make_report(video, reporter="ann", channel="staff")
    Report.objects.filter(pk=said.pk).update(created_at=now - 2 * HOUR)
    taken_back = make_report(video, "spam", reporter="bob")
    Report.objects.filter(pk=taken_back.pk).update(created_at=now - 2 * HOUR, state="withdrawn")
    history = only_history()
    assert [one.event for one in history.happenings] == [COMING, MATCHING, COMING, REPORT]
    uploaded, matched, playable, reported = [history.facts_at(one) for one in history.happenings]
    assert (uploaded.duration_s, matched.duration_s, playable.duration_s) == (None, None, 60.0)
    assert (matched.match_share, playable.match_share) == (0.4, None)
    assert (len(uploaded.uploads), uploaded.first_upload_at) == (1, now - 50 * HOUR)
    assert [len(one.reports) for one in (playable, reported)] == [0, 1]
    assert reported.came_at == now - 9 * HOUR


def test_a_report_that_a_closed_case_had_answered_sets_off_nothing() -> None:
    report = make_report(make_playing(), reporter="ann")
    assert report.case is not None
    report.case.closed_at = report.created_at - HOUR
    report.case.save(update_fields=["closed_at"])
    assert [one.event for one in only_history().happenings] == [COMING]


def test_of_a_flood_what_repeats_within_the_time_that_counts_is_left_out() -> None:
    at = timezone.now()
    flood = [_Reported(at + n * HOUR / 10, "hate", "") for n in range(101)]
    assert [flood.index(one) for one in thinned(flood, within=24 * HOUR)] == [0]
    assert len(thinned(flood, within=HOUR / 10)) == 101
    assert len(thinned(flood[:100], within=24 * HOUR)) == 100
    mixed = [_Reported(one.at, "hate", "ann" if n == 50 else "") for n, one in enumerate(flood)]
    assert [mixed.index(one) for one in thinned(mixed, within=24 * HOUR)] == [0, 50]
