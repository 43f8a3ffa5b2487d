from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from gilfoyle.lib.errors import InvalidInput
from gilfoyle.lib.public_addresses import AddressInvalid, AddressRefused
from gilfoyle.lib.wrapped_keys import KeyUnusable
from tests.factories import make_project
from tests.videos.webhooks.receiving import URL, claim, make_delivery, make_endpoint, set_webhooks
from videos.audit.models import AuditEntry
from videos.webhooks import endpoints
from videos.webhooks.errors import TooManyWebhooks, WebhookDisabled, WebhookNotFound
from videos.webhooks.models import EndpointSecret, WebhookEndpoint
from videos.webhooks.selectors import get_endpoint, signing_keys
from videos.webhooks.services import disable, replay
from videos.webhooks.signing import shown_secret

pytestmark = pytest.mark.django_db


def keys(endpoint: WebhookEndpoint) -> list[str]:
    root_secret = django_settings.GILFOYLE_ROOT_SECRET
    found = signing_keys(endpoint_id=endpoint.pk, root_secret=root_secret)
    return [shown_secret(key) for key in found]


def verbs() -> list[str]:
    return list(
        AuditEntry.objects.filter(object_type="webhook").order_by("pk").values_list("verb", flat=True)
    )


def test_an_endpoint_comes_with_a_secret_that_lies_sealed() -> None:
    shown = endpoints.create_endpoint(project=make_project(), url=URL, event_types=["video.ready"])
    assert keys(shown.endpoint) == [shown.secret]
    (row,) = EndpointSecret.objects.all()
    assert shown.secret.encode() not in bytes(row.wrapped)
    with pytest.raises(KeyUnusable):
        signing_keys(endpoint_id=shown.endpoint.pk, root_secret=b"another")
    assert verbs() == ["webhook.created"]
    assert "hooks.example.com" not in str(AuditEntry.objects.get(verb="webhook.created").data)


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com:22/",
        "https://",
        "hooks",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:7f00:1]/",
        "https://2130706433/",
        "https://169.254.169.254/latest/",
        "https://10.0.0.1/",
        "https://localhost/",
        "https://app.localhost/",
        "https://x/" + "a" * 3000,
    ],
)
def test_where_nothing_may_be_sent_nothing_is_registered(url: str) -> None:
    with pytest.raises((AddressInvalid, AddressRefused)) as caught:
        make_endpoint(url=url)
    assert "webhooks.private_networks" in caught.value.hint
    assert not WebhookEndpoint.objects.exists()


def test_a_port_that_is_refused_is_named_with_those_that_are_not() -> None:
    with pytest.raises(AddressInvalid, match=r"Port 3000 .* only 80, 443\.") as caught:
        make_endpoint(url="http://127.0.0.1:3000/hooks")
    assert "webhooks.ports" in caught.value.hint


def test_a_receiver_on_this_very_machine_is_one_that_the_operator_names(settings: Any) -> None:
    set_webhooks(settings, private_networks=["127.0.0.1/32"], ports=[3000])
    for host in ("127.0.0.1", "localhost"):
        make_endpoint(url=f"http://{host}:3000/hooks")


def test_an_operator_may_allow_a_network_also_in_the_clear(settings: Any) -> None:
    set_webhooks(settings, private_networks=["10.20.0.0/16"])
    for url in ("http://10.20.0.5/", "https://10.20.0.5/", "http://backend.internal/hook"):
        make_endpoint(url=url)
    _, door = endpoints.find_receiver("http://backend.internal/", webhooks=settings.GILFOYLE.webhooks)
    assert not door.is_public  # what the name leads to is looked at when it is connected to
    _, door = endpoints.find_receiver("https://backend.internal/", webhooks=settings.GILFOYLE.webhooks)
    assert door.is_public
    for url in ("http://10.21.0.5/", "http://8.8.8.8/"):
        with pytest.raises((AddressInvalid, AddressRefused)):
            make_endpoint(url=url)


def test_an_operator_may_allow_http_everywhere(settings: Any) -> None:
    set_webhooks(settings, allow_http=True)
    make_endpoint(url="http://hooks.example.com/")
    with pytest.raises(AddressRefused):
        make_endpoint(url="http://127.0.0.1/")


def test_a_project_has_so_many_and_no_more(settings: Any) -> None:
    set_webhooks(settings, max_endpoints=1)
    project = make_project()
    make_endpoint(project)
    with pytest.raises(TooManyWebhooks):
        make_endpoint(project)
    make_endpoint(make_project())


def test_a_rotated_secret_holds_for_a_while_beside_the_new_one() -> None:
    made = endpoints.create_endpoint(project=make_project(), url=URL)
    endpoint = made.endpoint
    rotated = endpoints.rotate_secret(endpoint=endpoint, overlap_s=60)
    assert keys(endpoint) == [rotated.secret, made.secret]
    EndpointSecret.objects.exclude(expires_at=None).update(expires_at=timezone.now())
    assert keys(endpoint) == [rotated.secret]
    at_once = endpoints.rotate_secret(endpoint=endpoint, overlap_s=0)
    assert keys(endpoint) == [at_once.secret]
    assert verbs() == ["webhook.created", "webhook.secret_rotated", "webhook.secret_rotated"]


def test_no_more_than_three_secrets_hold_and_none_gets_longer_to_live() -> None:
    endpoint = make_endpoint()
    shown = [endpoints.rotate_secret(endpoint=endpoint, overlap_s=600).secret for _ in range(4)]
    assert keys(endpoint) == shown[:0:-1]
    soon = timezone.now() + timedelta(seconds=5)
    EndpointSecret.objects.filter(endpoint=endpoint).update(expires_at=soon)
    endpoints.rotate_secret(endpoint=endpoint, overlap_s=600)
    assert set(EndpointSecret.objects.values_list("expires_at", flat=True)) == {soon, None}


@pytest.mark.parametrize("overlap_s", [-1, 7 * 24 * 3600 + 1, float("nan")])
def test_a_secret_is_not_kept_for_ever(overlap_s: float) -> None:
    with pytest.raises(InvalidInput):
        endpoints.rotate_secret(endpoint=make_endpoint(), overlap_s=overlap_s)


def test_what_is_edited_is_told_without_what_it_says() -> None:
    endpoint = make_endpoint()
    endpoints.edit_endpoint(
        endpoint=endpoint, url="https://other.example.com/", description=" Shop ", event_types=["video.ready"]
    )
    assert (endpoint.url, endpoint.description) == ("https://other.example.com/", "Shop")
    endpoints.edit_endpoint(endpoint=endpoint, description="Shop")
    (entry,) = AuditEntry.objects.filter(verb="webhook.edited")
    assert entry.data == {"fields": ["description", "event_types", "url"]}
    for wrong in ({"event_types": ["video.reday"]}, {"description": "a\nb"}, {"description": "a" * 201}):
        with pytest.raises(InvalidInput):
            endpoints.edit_endpoint(endpoint=endpoint, **wrong)
    with pytest.raises(AddressRefused):
        endpoints.edit_endpoint(endpoint=endpoint, url="https://127.0.0.1/")


def test_one_that_was_disabled_begins_anew() -> None:
    endpoint = make_endpoint()
    WebhookEndpoint.objects.update(failures=9, failing_since=timezone.now(), held_until=timezone.now())
    endpoints.edit_endpoint(endpoint=endpoint, is_enabled=False)
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "owner")
    endpoints.edit_endpoint(endpoint=endpoint, is_enabled=True)
    assert endpoint.is_enabled
    assert (endpoint.failures, endpoint.failing_since, endpoint.held_until) == (0, None, None)
    assert not endpoints.enable(endpoint=endpoint)
    assert verbs() == ["webhook.created", "webhook.disabled", "webhook.enabled"]


def test_a_removed_endpoint_is_nowhere_to_be_found(settings: Any) -> None:
    set_webhooks(settings, max_endpoints=1)
    endpoint = make_endpoint()
    delivery = make_delivery(endpoint)
    endpoints.remove_endpoint(endpoint=endpoint)
    assert not EndpointSecret.objects.exists()
    assert verbs()[-1] == "webhook.removed"
    with pytest.raises(WebhookNotFound):
        get_endpoint(project=endpoint.project, endpoint_id=endpoint.pk)
    with pytest.raises(WebhookNotFound):
        endpoints.rotate_secret(endpoint=endpoint)
    with pytest.raises(WebhookDisabled):
        replay(delivery=delivery)
    assert not endpoints.enable(endpoint=endpoint)
    endpoints.edit_endpoint(endpoint=endpoint, url=URL)
    endpoints.remove_endpoint(endpoint=endpoint)
    row = WebhookEndpoint.objects.get()
    assert (row.url, row.is_enabled) == ("", False)
    assert verbs().count("webhook.removed") == 1
    assert claim() is None
    make_endpoint(endpoint.project)  # there is room for another


def test_what_no_sweep_gave_up_is_not_sent_when_an_endpoint_is_enabled() -> None:
    endpoint = make_endpoint()
    delivery = make_delivery(endpoint)
    disable(endpoint=endpoint, reason="owner")
    assert endpoints.enable(endpoint=endpoint)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("failed", "endpoint_disabled")
    assert claim() is None
