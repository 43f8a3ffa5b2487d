"""Two reviewers decide the same case at the same moment: one of them does, the other is told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from gilfoyle.lib.errors import Refusal
from tests.videos.moderation.making import ADMINISTRATOR, SECOND, make_case, make_playing, make_report
from videos.audit.models import AuditEntry
from videos.moderation import services
from videos.moderation.models import Case, Decision, Restriction
from videos.moderation.policy import Kind, Reviewer
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*calls: Callable[[], object]) -> list[object]:
    """Run calls in threads that begin together; returns what came of each."""
    barrier = threading.Barrier(len(calls))
    results: list[object] = [None] * len(calls)

    def run(number: int) -> None:
        barrier.wait(timeout=30)
        try:
            results[number] = calls[number]()
        except Refusal as refusal:
            results[number] = refusal
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return list(results)


def test_of_two_decisions_at_once_one_is_made() -> None:
    case = make_case()

    def decide(kind: Kind, by: Reviewer) -> Decision:
        return services.decide(case_id=case.pk, verdict=Verdict(kind, "hate"), by=by)

    came = at_once(lambda: decide(Kind.BLOCK, ADMINISTRATOR), lambda: decide(Kind.NO_ACTION, SECOND))
    made = [one for one in came if isinstance(one, Decision)]
    refused = [one for one in came if isinstance(one, Refusal)]
    assert (len(made), len(refused)) == (1, 1)
    assert refused[0].http_status == 409
    assert Decision.objects.count() == 1
    assert AuditEntry.objects.filter(verb="case.decided").count() == 1
    assert Restriction.objects.count() == int(made[0].kind == Kind.BLOCK)


def test_first_reports_at_once_open_one_case() -> None:
    video = make_playing()
    came = at_once(*(lambda person=person: make_report(video, reporter=person) for person in "abc"))
    assert not [one for one in came if isinstance(one, Refusal) or one is None]
    case = Case.objects.get()
    assert (case.report_count, case.distinct_reporters) == (3, 3)
