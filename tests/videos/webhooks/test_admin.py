from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.admin_pages import HOSTILE, button, is_escaped, list_of, page, shown_messages, staff
from tests.factories import make_project
from tests.videos.webhooks.receiving import make_delivery, make_endpoint
from videos.webhooks import services
from videos.webhooks.models import Delivery, DeliveryAttempt, EndpointSecret, WebhookEndpoint

pytestmark = pytest.mark.django_db
ENDPOINT, DELIVERY = "videos_webhookendpoint", "videos_delivery"


def test_an_endpoint_is_added_and_its_secret_shown_once(admin_client: Client) -> None:
    project = make_project()
    add = reverse(f"admin:{ENDPOINT}_add")
    assert "video.playable" in admin_client.get(add).content.decode()
    given = {"project": project.pk, "url": "https://hooks.example.com/in", "event_types": ["video.ready"]}
    response = admin_client.post(add, given)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    (secret,) = re.findall(r"whsec_[A-Za-z0-9+/=]{44}", response.content.decode())
    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.project, endpoint.event_types) == (project, ["video.ready"])
    assert secret not in admin_client.get(page(ENDPOINT, endpoint.pk)).content.decode()


def test_where_nothing_may_be_sent_is_said_at_the_field(admin_client: Client) -> None:
    given = {"project": make_project().pk, "url": "https://127.0.0.1/"}
    html = admin_client.post(reverse(f"admin:{ENDPOINT}_add"), given).content.decode()
    assert "There is no public server at this address." in html
    assert not WebhookEndpoint.objects.exists()


def test_the_list_tells_how_each_is_doing(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    good, failing, off = (make_endpoint(description=name) for name in ("Good", "Failing", "Off"))
    WebhookEndpoint.objects.filter(pk=failing.pk).update(failures=3, failing_since=timezone.now())
    make_delivery(failing)
    make_delivery(off, status="failed")
    services.disable(endpoint=off, reason="gone")
    with django_assert_max_num_queries(14):
        html = admin_client.get(list_of(ENDPOINT)).content.decode()
    for words in ("Active", "Disabled", "https://hooks.example.com/…", good.project.name):
        assert words in html, words
    assert "hooks.example.com/in" not in html
    shown = admin_client.get(page(ENDPOINT, off.pk)).content.decode()
    assert "It answered 410 (Gone)." in shown
    assert "3 tries have failed" in admin_client.get(page(ENDPOINT, failing.pk)).content.decode()


def test_buttons_test_rotate_disable_enable_and_remove(admin_client: Client) -> None:
    endpoint = make_endpoint()
    tested = admin_client.post(button(ENDPOINT, endpoint.pk, "test"), follow=True)
    delivery = Delivery.objects.get()
    assert tested.redirect_chain == [(page(DELIVERY, delivery.pk), 302)]
    rotated = admin_client.post(button(ENDPOINT, endpoint.pk, "rotate"))
    assert rotated.status_code == 200
    assert "no-store" in rotated["Cache-Control"]
    assert "whsec_" in rotated.content.decode()
    assert EndpointSecret.objects.count() == 2
    admin_client.post(button(ENDPOINT, endpoint.pk, "disable"))
    endpoint.refresh_from_db()
    assert endpoint.disabled_reason == "owner"
    refused = admin_client.post(button(ENDPOINT, endpoint.pk, "test"), follow=True)
    assert shown_messages(refused)[-1].startswith("This endpoint is disabled")
    admin_client.post(button(ENDPOINT, endpoint.pk, "enable"))
    endpoint.refresh_from_db()
    assert endpoint.is_enabled
    removed = admin_client.post(button(ENDPOINT, endpoint.pk, "remove"), follow=True)
    assert removed.redirect_chain == [(list_of(ENDPOINT), 302)]
    assert endpoint.pk not in admin_client.get(list_of(ENDPOINT)).content.decode()
    assert delivery.pk not in admin_client.get(list_of(DELIVERY)).content.decode()
    assert admin_client.get(page(ENDPOINT, endpoint.pk)).status_code == 302
    assert "hooks.example.com/in" not in " ".join(LogEntry.objects.values_list("object_repr", flat=True))


def test_who_may_only_look_is_offered_nothing(admin_client: Client) -> None:
    endpoint = make_endpoint()
    looking = staff("view_webhookendpoint", "view_delivery")
    html = looking.get(page(ENDPOINT, endpoint.pk)).content.decode()
    assert "Send a test" not in html
    for name in ("test", "rotate", "remove"):
        assert looking.post(button(ENDPOINT, endpoint.pk, name)).status_code == 403
        assert admin_client.get(button(ENDPOINT, endpoint.pk, name)).status_code == 405


def test_a_delivery_shows_its_body_and_each_try_and_strangers_words_are_no_markup(
    admin_client: Client,
) -> None:
    endpoint = make_endpoint(description=HOSTILE)
    delivery = make_delivery(
        endpoint, body='{"data": {"title": "Fête"}}', status="failed", error="endpoint_refused"
    )
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=1,
        started_at=timezone.now(),
        duration_ms=1234,
        response_status=500,
        response_body=HOSTILE,
        error="endpoint_refused",
        message="The receiver answered 500.",
    )
    html = admin_client.get(page(DELIVERY, delivery.pk)).content.decode()
    assert is_escaped(html)
    for words in ("Fête", "1234 ms", "Send again", "Ended"):
        assert words in html, words
    assert html.count("The receiver answered 500.") == 2  # at the top, and at its try
    assert "Next try" not in html
    Delivery.objects.update(body="")
    html = admin_client.get(page(DELIVERY, delivery.pk)).content.decode()
    assert "not kept any more" in html
    assert "Send again" not in html
    assert is_escaped(admin_client.get(list_of(DELIVERY)).content.decode())


def test_a_delivery_that_waits_tells_when_it_is_tried_and_leads_to_what_it_is_about(
    admin_client: Client,
) -> None:
    video_id = "vid_000000000000000000"
    delivery = make_delivery(make_endpoint(), subject_id=video_id)
    html = admin_client.get(page(DELIVERY, delivery.pk)).content.decode()
    assert page("videos_video", video_id) in html
    assert "Next try" in html
    assert "Ended" not in html
    assert "What went wrong" not in html


def test_deliveries_are_sent_again_by_a_button_and_by_the_list(admin_client: Client) -> None:
    endpoint = make_endpoint()
    one, other, waiting = (
        make_delivery(endpoint, status=status) for status in ("failed", "delivered", "waiting")
    )
    admin_client.post(button(DELIVERY, one.pk, "replay"))
    chosen = {"action": "replay_selected", "_selected_action": [other.pk, waiting.pk]}
    response = admin_client.post(list_of(DELIVERY), chosen, follow=True)
    assert "1 delivery sent again." in shown_messages(response)
    assert set(Delivery.objects.values_list("status", flat=True)) == {"waiting"}


def test_a_delivery_is_found_by_exactly_its_id_or_what_it_is_about(admin_client: Client) -> None:
    endpoint = make_endpoint()
    one = make_delivery(endpoint, subject_id="vid_Aa", event_type="video.ready")
    make_delivery(endpoint, subject_id="vid_aA", event_type="video.failed")
    for term in (one.pk, " vid_Aa "):
        with CaptureQueriesContext(connection) as asked:
            html = admin_client.get(list_of(DELIVERY), {"q": term}).content.decode()
        assert (one.pk in html, "video.failed" in html) == (True, False)
        assert not [each["sql"] for each in asked if "UPPER" in each["sql"] and "subject_id" in each["sql"]]
    assert one.pk not in admin_client.get(list_of(DELIVERY), {"q": "vid_AA"}).content.decode()


def test_the_list_of_deliveries_has_few_queries(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    endpoint = make_endpoint()
    for _ in range(5):
        make_delivery(endpoint)
    with django_assert_max_num_queries(14):
        admin_client.get(list_of(DELIVERY))
    found = admin_client.get(list_of(DELIVERY), {"endpoint__id__exact": endpoint.pk}).content.decode()
    assert found.count("video.ready") >= 5
