import pytest

from tests.videos.webhooks.receiving import make_delivery, make_endpoint
from videos.webhooks.models import DeliveryAttempt, WebhookEndpoint

pytestmark = pytest.mark.django_db


def test_what_is_shown_of_an_endpoint_holds_nothing_that_may_be_its_secret() -> None:
    endpoint = make_endpoint()
    assert endpoint.shown_url == str(endpoint) == "https://hooks.example.com/…"
    for url, shown in (
        ("https://a.example:8443/services/T0/B0/secret", "https://a.example:8443/…"),
        ("https://a.example?key=secret", "https://a.example/…"),
        ("https://a.example/", "https://a.example"),
        ("https://a.example", "https://a.example"),
    ):
        assert WebhookEndpoint(url=url).shown_url == shown
    endpoint.description = "The shop"
    assert str(endpoint) == "The shop"


def test_rows_are_named_by_their_ids() -> None:
    endpoint = make_endpoint()
    delivery = make_delivery(endpoint)
    assert str(delivery) == delivery.pk
    assert delivery.pk.startswith("msg_")
    assert "." not in delivery.pk  # the scheme's own separator
    (secret,) = endpoint.secrets.all()
    assert str(secret) == secret.pk
    assert str(DeliveryAttempt(delivery=delivery, number=2)) == f"{delivery.pk} 2"
