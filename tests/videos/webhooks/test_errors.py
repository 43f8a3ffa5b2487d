import pytest

from gilfoyle.lib.errors import Refusal
from videos.webhooks import errors


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (errors.WebhookNotFound, 404, "webhook_not_found"),
        (errors.DeliveryNotFound, 404, "delivery_not_found"),
        (errors.TooManyWebhooks, 409, "too_many_webhooks"),
        (errors.WebhookDisabled, 409, "webhook_disabled"),
        (errors.DeliveryUnderWay, 409, "delivery_under_way"),
        (errors.DeliveryForgotten, 409, "delivery_forgotten"),
    ],
)
def test_codes_and_statuses_that_clients_rely_on(error: type[Refusal], status: int, code: str) -> None:
    assert (error.http_status, error.code) == (status, code)
