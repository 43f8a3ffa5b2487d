from __future__ import annotations

import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.utils import timezone

from tests.factories import make_project, make_video
from tests.videos.webhooks.receiving import claim, make_delivery, make_endpoint
from videos.catalog import services as catalog
from videos.privacy.creators import Creator
from videos.privacy.erasing import erase_creator
from videos.privacy.traces import find_traces
from videos.webhooks import forgetting, services, sweeping
from videos.webhooks.models import Delivery, DeliveryAttempt, WebhookEndpoint
from videos.webhooks.services import Outcome

pytestmark = pytest.mark.django_db
WHO = 'user-"17"'


def told(endpoint: WebhookEndpoint, data: Any, **fields: Any) -> Delivery:
    return make_delivery(endpoint, body=json.dumps({"data": data}, ensure_ascii=False), **fields)


def test_what_names_a_creator_is_forgotten_and_not_sent_any_more() -> None:
    endpoint, stranger = make_endpoint(), make_endpoint(make_project())
    waiting = told(endpoint, {"video": {"creator_id": WHO}})
    sent = told(endpoint, {"decision": {"explanation": f"About {WHO}."}}, status="delivered")
    answered = told(endpoint, {}, status="failed")
    DeliveryAttempt.objects.create(
        delivery=answered, number=1, started_at=timezone.now(), duration_ms=1, response_body=f"no {WHO}"
    )
    others = told(endpoint, {"video": {"creator_id": f"{WHO}5"}}), told(stranger, {"creator_id": WHO})
    assert forgetting.forget_deliveries_naming(project_id=endpoint.project_id, creator_id=WHO) == 3
    for one in (waiting, sent, answered):
        one.refresh_from_db()
        assert one.body == ""
    assert (waiting.status, waiting.error, sent.status) == ("failed", "forgotten", "delivered")
    assert DeliveryAttempt.objects.get().response_body == ""
    for one in others:
        one.refresh_from_db()
        assert one.body


def test_a_short_id_is_looked_for_as_a_whole_value() -> None:
    endpoint = make_endpoint()
    named, other = told(endpoint, {"creator_id": "7"}), told(endpoint, {"title": "Take 7"})
    forgetting.forget_deliveries_naming(project_id=endpoint.project_id, creator_id="7")
    named.refresh_from_db()
    other.refresh_from_db()
    assert (bool(named.body), bool(other.body)) == (False, True)


def test_what_is_just_being_sent_is_not_tried_again() -> None:
    endpoint = make_endpoint()
    told(endpoint, {"creator_id": WHO})
    held = claim()
    assert held is not None
    forgetting.forget_deliveries_naming(project_id=endpoint.project_id, creator_id=WHO)
    services.record_outcome(held=held, outcome=Outcome(timezone.now(), 1, 500, error="endpoint_refused"))
    held.refresh_from_db()
    assert (held.status, held.body) == ("failed", "")


@pytest.mark.parametrize("status", [200, 500])
def test_an_answer_that_comes_after_the_erasure_brings_nobody_back(status: int) -> None:
    endpoint = make_endpoint()
    told(endpoint, {"creator_id": WHO})
    held = claim()
    assert held is not None
    forgetting.forget_deliveries_naming(project_id=endpoint.project_id, creator_id=WHO)
    error = "" if status == 200 else "endpoint_refused"
    answered = Outcome(timezone.now(), 1, status, answer=f"Thanks for {WHO}", error=error)
    services.record_outcome(held=held, outcome=answered)
    kept = DeliveryAttempt.objects.get()
    assert (kept.response_status, kept.response_body) == (status, "")


def test_all_that_was_told_is_read_page_by_page_and_each_stays_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(forgetting, "ROWS_AT_ONCE", 2)
    endpoint = make_endpoint()
    for _ in range(5):
        told(endpoint, {"creator_id": WHO})
    pages = []

    def work() -> None:
        pages.append(Delivery.objects.exclude(body="").count())
        if len(pages) == 3:
            raise KeyboardInterrupt

    forget = partial(forgetting.forget_deliveries_naming, project_id=endpoint.project_id, creator_id=WHO)
    with pytest.raises(KeyboardInterrupt):
        forget(at_work=work)
    assert pages == [5, 3, 1]
    assert Delivery.objects.exclude(body="").count() == 1
    assert forget() == 1


def test_a_dead_worker_s_that_was_forgotten_is_over() -> None:
    endpoint = make_endpoint()
    told(endpoint, {"creator_id": WHO})
    claim()
    forgetting.forget_deliveries_naming(project_id=endpoint.project_id, creator_id=WHO)
    assert sweeping.sweep_deliveries(now=timezone.now() + timedelta(minutes=5)) == 1
    assert Delivery.objects.get().status == "failed"


def test_of_an_erased_creator_nothing_is_left_but_that_the_videos_are_gone() -> None:
    project = make_project()
    make_endpoint(project)
    video = make_video(project, status="processing", creator_id="user-1234567", title="Mine")
    catalog.mark_ready(video_id=video.pk)
    ready = Delivery.objects.get(event_type="video.ready")
    assert "user-1234567" in ready.body
    creator = Creator(project, "user-1234567")
    erase_creator(creator)
    ready.refresh_from_db()
    assert ready.body == ""
    gone = Delivery.objects.get(event_type="video.deleted")
    assert (gone.status, json.loads(gone.body)["data"]) == ("waiting", {"video": {"id": video.pk}})
    assert [one for one in find_traces(creator) if "Deliver" in one.table] == []
