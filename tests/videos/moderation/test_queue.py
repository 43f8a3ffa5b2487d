"""The views of the queue, and what comes next."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.admin_pages import page
from tests.videos.moderation.making import ADMINISTRATOR, CONSUMER, make_case, make_playing
from tests.videos.moderation.pages import QUEUE, step_of
from videos.moderation import queue, services, states
from videos.moderation.policy import Kind
from videos.moderation.services import Verdict

pytestmark = pytest.mark.django_db


def test_the_queue_costs_as_many_queries_for_many_cases_as_for_one(reviewer: Client) -> None:
    make_case()
    counted = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert reviewer.get(QUEUE).status_code == 200
        counted.append(len(queries))
        for _more in range(12):
            make_case(reason="spam", comment="more")
    assert counted[0] == counted[1]


def test_views_search_and_counts(reviewer: Client) -> None:
    urgent, other = make_case(make_playing(title="Harbour"), reason="ncii"), make_case(reason="spam")
    reviewer.post(step_of(other, "claim"))

    def found(query: str) -> set[str]:
        html = reviewer.get(f"{QUEUE}?{query}").content.decode()
        return {case.pk for case in (urgent, other) if page("videos_case", case.pk) in html}

    assert found("") == {urgent.pk, other.pk}
    assert found("view=unclaimed") == found("view=due") == {urgent.pk}
    assert found("view=mine") == {other.pk}
    assert found("view=appeals") == found("view=second") == found("view=closed") == set()
    assert found("q=harb") == found(f"q={urgent.subject_id}") == found(f"q={urgent.pk}") == {urgent.pk}
    assert reviewer.get(f"{QUEUE}?q=%00").status_code == 200
    counts = reviewer.get(reverse("admin:videos_case_counts")).json()
    assert (counts["all"], counts["unclaimed"], counts["mine"], counts["due"]) == (2, 1, 1, 1)


def test_counts_are_of_what_somebody_is_shown(reviewer: Client) -> None:
    """Also of appeals against what isn't decided yet, and of no request in a case that nobody may look at."""
    held, extreme, purged = make_case(), make_case(reason="csam"), make_case()
    hold = services.decide(case_id=held.pk, verdict=Verdict(Kind.HOLD, "hate"), by=ADMINISTRATOR)
    services.appeal(project=held.project, decision_id=hold.pk, text="Why?", by=CONSUMER)
    for case in (extreme, purged):
        verdict = Verdict(Kind.PURGE, case.reasons[0])
        services.decide(case_id=case.pk, verdict=verdict, by=ADMINISTRATOR)
    counts = reviewer.get(reverse("admin:videos_case_counts")).json()
    assert (counts["requests"], counts["second"], counts["appeals"]) == (1, 1, 1)
    assert page("videos_case", held.pk) in reviewer.get(f"{QUEUE}?view=appeals").content.decode()
    assert queue.count_views(by=ADMINISTRATOR)["requests"] == 2


def test_next_gives_back_what_is_left_and_takes_what_is_behind_it(reviewer: Client) -> None:
    cases = [make_case(reason=reason) for reason in ("ncii", "hate", "spam")]
    address = reverse("admin:videos_case_next")
    assert reviewer.post(address)["Location"] == page("videos_case", cases[0].pk)
    for left, following in zip(cases, [*cases[1:], None], strict=True):
        expected = page("videos_case", following.pk) if following else QUEUE
        assert reviewer.post(address, {"after": left.pk})["Location"] == expected
        left.refresh_from_db()
        assert left.state == states.OPEN
