import json
import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.contrib.auth import get_user_model
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from tests.factories import make_project
from tests.videos.moderation.making import ADMINISTRATOR, CONSUMER, SECOND, make_playing, make_report
from tests.videos.privacy.making import make_creator, make_traces
from tests.videos.webhooks.receiving import make_endpoint
from videos.access.freezes import frozen_of
from videos.audit.checking import verify_chain
from videos.audit.models import AuditEntry
from videos.audit.services import link_entries
from videos.catalog.models import Video
from videos.catalog.purge import purge_deleted
from videos.moderation import services
from videos.moderation.deciding import Verdict
from videos.moderation.models import Appeal, Decision, Report
from videos.moderation.policy import CREATOR, VIDEO, Kind
from videos.moderation.services import Filing, file_report
from videos.privacy import erasing
from videos.privacy.creators import Creator
from videos.privacy.erasing import erase_creator, erase_for_consumer, erase_on_trial
from videos.privacy.errors import CreatorUnderReview
from videos.privacy.proving import prove
from videos.privacy.traces import find_traces
from videos.webhooks.models import Delivery

pytestmark = pytest.mark.django_db
# Anywhere in a statement: PostgreSQL reads by DECLARE … CURSOR FOR SELECT, and locks by SELECT … FOR UPDATE.
WRITES_OR_LOCKS = re.compile(r"\b(INSERT|UPDATE|DELETE|SAVEPOINT|SHARE)\b")


def whole_database() -> str:
    """Return all that stands in any table, not by the code under test."""
    rows = []
    for model in apps.get_models():
        every: QuerySet[Any] = QuerySet(model)
        rows += [json.dumps(row, default=str, ensure_ascii=False) for row in every.values()]
    return "\n".join(rows)


def names_of_objects() -> str:
    return "\n".join(str(path) for path in Path(django_settings.MEDIA_ROOT or ".").glob("sources/**/*"))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tail=st.from_regex(r"[A-Za-z0-9_.:@é|/+%-]{6,40}", fullmatch=True))
def test_afterwards_the_id_occurs_nowhere(tail: str, caplog: pytest.LogCaptureFixture) -> None:
    creator = make_creator(f"user-{tail}", make_project())
    get_user_model().objects.filter(username="ada").delete()
    make_traces(creator)
    assert find_traces(creator)
    receipt = erase_creator(creator)
    assert find_traces(creator) == []
    assert creator.id not in whole_database()
    assert creator.id not in names_of_objects()
    assert creator.id not in caplog.text
    assert creator.id not in json.dumps(receipt.to_json())
    assert (
        not Report.objects.filter(project=creator.project)
        .exclude(sealed_text=b"")
        .exclude(reporter="")
        .filter(subject_type="creator")
        .exists()
    )


def test_the_chain_stays_whole_and_says_that_it_was_done() -> None:
    creator = make_creator()
    make_traces(creator)
    receipt = erase_creator(creator)
    link_entries()
    assert verify_chain(folder=None).is_whole
    entry = AuditEntry.objects.get(pk=receipt.entry)
    assert (entry.verb, entry.object_id) == ("creator.erased", creator.pseudonym)
    assert AuditEntry.objects.filter(verb="video.deleted").count() == 1


def test_a_freeze_goes_on_and_decisions_keep_their_reasons_without_words() -> None:
    creator = make_creator()
    make_traces(creator)
    erase_creator(creator)
    assert frozen_of(project_id=creator.project.pk, creator_id=creator.id) == "creator"
    assert frozen_of(project_id=creator.project.pk, creator_id="user-18") is None
    assert set(Decision.objects.values_list("explanation", flat=True)) == {""}
    assert set(Decision.objects.values_list("reason", flat=True)) == {"hate", "spam"}
    assert set(Appeal.objects.values_list("filed_by", flat=True)) == {""}


def test_a_legal_hold_wins_and_is_told() -> None:
    creator = make_creator()
    video = make_traces(creator)
    Video.objects.filter(pk=video.pk).update(legal_hold=True)
    receipt = erase_creator(creator)
    assert (receipt.held, receipt.deleted) == ((video.pk,), ())
    proof = prove(creator, receipt.to_json())
    assert not proof.is_whole
    assert proof.held == (video.pk,)
    Video.objects.filter(pk=video.pk).update(legal_hold=False)
    again = erase_creator(creator)
    assert again.deleted == (video.pk,)
    assert find_traces(creator) == []


def test_whoever_was_stopped_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    creator = make_creator()
    make_traces(creator)
    steps = ("forget_person", "forget_words_about", "_rename", "forget_sealed_mentions", "erase_personal_of")
    for step in steps:
        with monkeypatch.context() as patched:
            patched.setattr(erasing, step, _killed)
            if step == "forget_words_about":
                continue  # inside the transaction of a video: tried by itself below
            with pytest.raises(KeyboardInterrupt):
                erase_creator(creator)
    erase_creator(creator)
    assert find_traces(creator) == []
    twice = erase_creator(creator)
    assert (twice.counts, twice.deleted) == ({}, ())


def test_a_video_and_what_is_said_of_it_go_together(monkeypatch: pytest.MonkeyPatch) -> None:
    creator = make_creator()
    video = make_traces(creator)
    monkeypatch.setattr(erasing, "forget_words_about", _killed)
    with pytest.raises(KeyboardInterrupt):
        erase_creator(creator)
    video.refresh_from_db()
    assert (video.status, video.creator_id) == ("ready", creator.id)


def _killed(*_args: object, **_options: object) -> None:
    raise KeyboardInterrupt


def test_nobody_else_loses_anything() -> None:
    creator = make_creator("user-17", make_project("Shop"))
    make_traces(creator)
    namesake = make_playing(make_project("Forum"), creator_id="user-17")
    neighbour = make_playing(creator.project, creator_id="user-171", title="By user-171")
    report = make_report(neighbour, reporter="user-171")
    erase_creator(creator)
    for video in (namesake, neighbour):
        before = video.title
        video.refresh_from_db()
        assert (video.status, video.title) == ("ready", before)
    kept = Report.objects.get(pk=report.pk)
    assert kept.reporter
    assert kept.sealed_text


@pytest.mark.parametrize("erase", [erase_creator, partial(erase_for_consumer, at_work=lambda: None)])
def test_what_was_told_of_decisions_and_appeals_goes_though_it_names_nobody(
    erase: Callable[[Creator], Any],
) -> None:
    creator = make_creator()
    make_endpoint(creator.project)
    video, other = make_playing(creator.project, creator_id=creator.id), make_playing(creator.project)
    told = {
        subject_id: tell_of(creator, kind, subject_id)
        for kind, subject_id in ((CREATOR, creator.id), (VIDEO, video.pk), (VIDEO, other.pk))
    }
    erase(creator)
    kept = Delivery.objects.exclude(body="")
    assert not kept.filter(pk__in=told[creator.id] + told[video.pk]).exists()
    assert kept.filter(pk__in=told[other.pk]).count() == len(told[other.pk]) >= 3
    assert not any(
        "a liar" in body for body in kept.exclude(pk__in=told[other.pk]).values_list("body", flat=True)
    )
    assert not Delivery.objects.filter(body="", status="waiting").exists()


def tell_of(creator: Creator, subject_type: str, subject_id: str) -> list[str]:
    """Let a case be decided and an appeal be answered; returns what was told of it."""
    before = list(Delivery.objects.values_list("pk", flat=True))
    filing = Filing(subject_type, subject_id, "spam", comment="See.")
    report, _ = services.file_report(project=creator.project, filing=filing, by=CONSUMER)
    assert report.case_id is not None
    kind = Kind.FREEZE_UPLOADS if subject_type == CREATOR else Kind.BLOCK
    verdict = Verdict(kind, "spam", explanation="They are a liar.", facts="It was seen.")
    decision = services.decide(case_id=report.case_id, verdict=verdict, by=ADMINISTRATOR)
    appeal = services.appeal(
        project=creator.project, decision_id=decision.pk, text="No.", appellant="", by=CONSUMER
    )
    services.decide_appeal(appeal_id=appeal.pk, outcome="upheld", answer="Still a liar.", by=SECOND)
    made = Delivery.objects.exclude(pk__in=before)
    assert {"case.decided", "appeal.decided"} <= set(made.values_list("event_type", flat=True))
    return list(made.values_list("pk", flat=True))


@pytest.mark.parametrize("is_held", [False, True])
def test_a_try_tells_the_same_and_only_reads(is_held: bool) -> None:
    creator = make_creator()
    video = make_traces(creator)
    Video.objects.filter(pk=video.pk).update(legal_hold=is_held)
    mention = make_report(make_playing(creator.project), reporter="other", comment=f"As {creator.id} has it.")
    with CaptureQueriesContext(connection) as asked, capture_logs() as logged:
        tried = erase_on_trial(creator)
    assert [one["sql"][:60] for one in asked if WRITES_OR_LOCKS.search(one["sql"])] == []
    assert logged == []
    done = erase_creator(creator)
    assert (tried.counts, tried.deleted, tried.held) == (done.counts, done.deleted, done.held)
    assert "mentions" in done.counts or is_held
    assert (Report.objects.get(pk=mention.pk).sealed_text == b"") is not is_held


@pytest.mark.parametrize("subject", [VIDEO, CREATOR])
def test_what_is_reported_as_severe_meanwhile_stays_for_the_consumer(subject: str) -> None:
    creator = make_creator()
    video = make_playing(creator.project, creator_id=creator.id) if subject == VIDEO else None
    named = Filing(subject, video.pk if video else creator.id, "csam", comment="Look!")

    def report() -> None:
        file_report(project=creator.project, filing=named, by=CONSUMER)

    with pytest.raises(CreatorUnderReview):
        erase_for_consumer(creator, at_work=report)
    assert Report.objects.get().sealed_text
    assert not Video.objects.filter(status="deleting").exists()


def test_the_receipt_proves_it_once_the_files_are_gone() -> None:
    creator = make_creator()
    video = make_traces(creator)
    receipt = erase_creator(creator)
    assert prove(creator, receipt.to_json()).going == (video.pk,)
    purge_deleted(now=timezone.now() + timedelta(minutes=5))
    assert prove(creator, receipt.to_json()).is_whole
