"""What can go wrong with webhooks, in the consumer's words."""

from __future__ import annotations

from gilfoyle.lib.errors import Conflict, Fault, NotFound


class WebhookNotFound(NotFound):
    code = "webhook_not_found"


class DeliveryNotFound(NotFound):
    code = "delivery_not_found"


class TooManyWebhooks(Conflict):
    code = "too_many_webhooks"


class WebhookDisabled(Conflict):
    """Nothing is sent to an endpoint that is disabled."""

    code = "webhook_disabled"


class DeliveryUnderWay(Conflict):
    """What waits to be sent, or is being sent, need not be sent again."""

    code = "delivery_under_way"


class DeliveryForgotten(Conflict):
    """What was sent is not kept any more."""

    code = "delivery_forgotten"


class DeliveryFault(Fault):
    """Something here broke while a delivery was sent."""

    code = "delivery_fault"
