import pytest

from tests.videos.webhooks.receiving import make_delivery, make_endpoint
from videos.webhooks.serializers import (
    DELIVERY_EXAMPLE,
    ENDPOINT_EXAMPLE,
    DeliverySerializer,
    EndpointSerializer,
    NewEndpointSerializer,
)

pytestmark = pytest.mark.django_db


def test_an_endpoint_has_the_fields_of_its_example_and_no_secret() -> None:
    endpoint = make_endpoint()
    assert list(EndpointSerializer(endpoint).data) == list(ENDPOINT_EXAMPLE)
    shown = NewEndpointSerializer(endpoint, context={"secret": "whsec_x"}).data
    assert list(shown) == [*ENDPOINT_EXAMPLE, "secret"]


def test_a_delivery_has_the_fields_of_its_example_and_its_body_as_json() -> None:
    shown = DeliverySerializer(make_delivery(make_endpoint())).data
    assert list(shown) == list(DELIVERY_EXAMPLE)
    assert shown["body"] == {"type": "video.ready"}
    assert shown["next_try_at"] is not None
    ended = DeliverySerializer(make_delivery(make_endpoint(), status="failed", body="")).data
    assert (ended["body"], ended["next_try_at"]) == (None, None)
