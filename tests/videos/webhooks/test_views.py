from __future__ import annotations

from typing import Any

import pytest
from rest_framework.test import APIClient

from tests.factories import Account, make_account
from tests.videos.webhooks.receiving import Receiver, make_delivery, make_endpoint, send_all
from videos.webhooks.models import Delivery, WebhookEndpoint

pytestmark = pytest.mark.django_db
BASE = "/api/v1/webhooks"
URL = "https://hooks.example.com/in"


def post(api: APIClient, path: str = "", body: Any = None, **headers: str) -> Any:
    return api.post(f"{BASE}{path}", body or {}, format="json", headers=headers or None)


def test_an_endpoint_is_made_read_changed_and_removed(api: APIClient, account: Account) -> None:
    made = post(api, body={"url": URL, "event_types": ["video.ready"], "description": "Shop"})
    assert made.status_code == 201
    assert made["Cache-Control"] == "no-store"
    shown = made.json()
    assert shown.pop("secret").startswith("whsec_")
    address = f"{BASE}/{shown['id']}"
    assert api.get(address).json() == shown
    assert api.get(BASE).json()["results"] == [shown]
    changed = api.patch(address, {"event_types": [], "is_enabled": False}, format="json").json()
    assert (changed["event_types"], changed["is_enabled"], changed["disabled_reason"]) == ([], False, "owner")
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404


def test_the_same_request_under_one_key_makes_one_endpoint(api: APIClient, account: Account) -> None:
    first = post(api, body={"url": URL}, **{"Idempotency-Key": "once"})
    second = post(api, body={"url": URL}, **{"Idempotency-Key": "once"})
    assert first.json() == second.json()
    assert WebhookEndpoint.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "invalid_input"),
        ({"url": ""}, 400, "invalid_input"),
        ({"url": "x" * 2049}, 400, "invalid_input"),
        ({"url": URL, "event_types": ["video.reday"]}, 400, "invalid_input"),
        ({"url": URL, "event_types": "video.ready"}, 400, "invalid_input"),
        ({"url": URL, "secret": "whsec_mine"}, 400, "invalid_input"),
        ({"url": URL, "description": "a\0b"}, 400, "invalid_input"),
        ({"url": "http://hooks.example.com/"}, 422, "address_invalid"),
        ({"url": "https://127.0.0.1/"}, 422, "address_refused"),
        ({"url": "https://169.254.169.254/"}, 422, "address_refused"),
    ],
)
def test_what_is_wrong_is_said(api: APIClient, account: Account, body: Any, status: int, code: str) -> None:
    answer = post(api, body=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert "clip.mp4" not in str(answer.json())


def test_an_event_that_there_is_not_is_answered_with_those_that_there_are(api: APIClient) -> None:
    (error,) = post(api, body={"url": URL, "event_types": ["video.reday"]}).json()["errors"]
    assert error["field"] == "event_types.0"
    assert error["message"].startswith('There is no event "video.reday".')
    assert "video.ready" in error["message"]


def test_another_project_s_endpoints_and_deliveries_do_not_exist(api: APIClient, account: Account) -> None:
    theirs = make_endpoint(make_account().project)
    delivery = make_delivery(theirs, status="failed")
    mine = make_endpoint(account.project)
    for path in ("", "/deliveries", f"/deliveries/{delivery.pk}"):
        assert api.get(f"{BASE}/{theirs.pk}{path}").json()["code"] == "webhook_not_found"
    for path in ("/test", "/secret", "/replay", f"/deliveries/{delivery.pk}/replay"):
        assert post(api, f"/{theirs.pk}{path}").status_code == 404
    assert api.patch(f"{BASE}/{theirs.pk}", {"url": URL}, format="json").status_code == 404
    assert api.delete(f"{BASE}/{theirs.pk}").status_code == 404
    assert api.get(f"{BASE}/{mine.pk}/deliveries/{delivery.pk}").json()["code"] == "delivery_not_found"
    assert api.get(BASE).json()["results"][0]["id"] == mine.pk
    assert Delivery.objects.get().status == "failed"


def test_a_secret_is_rotated_and_shown_once(api: APIClient, account: Account) -> None:
    endpoint = make_endpoint(account.project)
    answer = post(api, f"/{endpoint.pk}/secret", {"overlap_s": 60})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["secret"].startswith("whsec_")
    assert answer.json()["old_secrets_until"]
    assert "whsec_" not in api.get(f"{BASE}/{endpoint.pk}").content.decode()
    for wrong in (-1, 700_000, "soon"):
        assert post(api, f"/{endpoint.pk}/secret", {"overlap_s": wrong}).status_code == 400


@pytest.mark.django_db(transaction=True)
def test_a_test_is_sent_and_its_delivery_tells_the_answer(
    api: APIClient, account: Account, receiver: Receiver
) -> None:
    endpoint = make_endpoint(account.project, url=receiver.url, event_types=["video.failed"])
    sent = post(api, f"/{endpoint.pk}/test")
    assert (sent.status_code, sent.json()["status"]) == (202, "waiting")
    send_all()
    shown = api.get(f"{BASE}/{endpoint.pk}/deliveries/{sent.json()['id']}").json()
    assert (shown["event_type"], shown["status"], shown["tries"]) == ("webhook.test", "delivered", 1)
    assert shown["attempts"][0]["response_status"] == 204
    assert shown["body"]["data"]["webhook"]["id"] == endpoint.pk


def test_deliveries_are_listed_by_status_in_a_fixed_number_of_queries(
    api: APIClient, account: Account, django_assert_max_num_queries: Any
) -> None:
    endpoint = make_endpoint(account.project)
    made = [make_delivery(endpoint, status=status) for status in ("delivered", "failed", "waiting") * 5]
    address = f"{BASE}/{endpoint.pk}/deliveries"
    with django_assert_max_num_queries(9):
        shown = api.get(address).json()["results"]
    assert [one["id"] for one in shown] == [one.pk for one in reversed(made)]
    failed = api.get(address, {"status": "failed"}).json()["results"]
    assert {one["status"] for one in failed} == {"failed"}
    assert api.get(address, {"status": "lost"}).status_code == 400


def test_what_failed_is_sent_again_one_or_all(api: APIClient, account: Account) -> None:
    endpoint = make_endpoint(account.project)
    first, second = (make_delivery(endpoint, status="failed") for _ in range(2))
    one = post(api, f"/{endpoint.pk}/deliveries/{first.pk}/replay")
    assert (one.status_code, one.json()["status"]) == (202, "waiting")
    again = post(api, f"/{endpoint.pk}/deliveries/{first.pk}/replay")
    assert (again.status_code, again.json()["code"]) == (409, "delivery_under_way")
    since = "2020-01-01T00:00:00Z"
    assert post(api, f"/{endpoint.pk}/replay", {"since": since}).json() == {"replayed": 1}
    second.refresh_from_db()
    assert second.status == "waiting"
    assert post(api, f"/{endpoint.pk}/replay").status_code == 400


def test_reading_is_one_scope_and_writing_another(account: Account) -> None:
    reader = make_account(scopes=["webhooks:read"])
    endpoint = make_endpoint(reader.project)
    api = reader.client()
    assert api.get(f"{BASE}/{endpoint.pk}/deliveries").status_code == 200
    assert post(api, f"/{endpoint.pk}/test").json()["code"] == "scope_missing"
