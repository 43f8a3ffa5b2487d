"""`/webhooks`: endpoints, their secrets, and what was sent to them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from gilfoyle.lib.pagination import NewestFirst
from gilfoyle.lib.schema import refusals
from videos.access.authentication import project_of
from videos.access.once import takes_idempotency_key
from videos.access.permissions import HasScope
from videos.webhooks import endpoints, selectors, services, states
from videos.webhooks.models import Delivery, WebhookEndpoint
from videos.webhooks.serializers import (
    DeliverySerializer,
    EndpointChangeSerializer,
    EndpointInputSerializer,
    EndpointSerializer,
    NewEndpointSerializer,
    ReplayedSerializer,
    ReplayInputSerializer,
    RotatedSecretSerializer,
    RotationInputSerializer,
)

MayReadAndWrite = HasScope.of(read="webhooks:read", write="webhooks:write")
NO_STORE = {"Cache-Control": "no-store"}
NO_ENDPOINT = {404: "`webhook_not_found`: no such endpoint in this project."}
NO_DELIVERY = {404: "`webhook_not_found`, `delivery_not_found`."}
WRONG_ADDRESS = {
    400: "`invalid_input`: each field that is wrong is named.",
    422: "`address_invalid`, `address_refused`: nothing is sent there, and the title says why.",
}
DISABLED = "`webhook_disabled`: enable the endpoint first."


class WebhookList(generics.GenericAPIView[WebhookEndpoint]):
    permission_classes = [MayReadAndWrite]
    serializer_class = EndpointSerializer
    pagination_class = NewestFirst
    queryset = WebhookEndpoint.objects.none()

    @extend_schema(
        operation_id="list_webhooks",
        summary="List webhook endpoints, newest first",
        description="Where your events go, and how each endpoint is doing. Secrets are in no list.",
        responses=EndpointSerializer(many=True),
        tags=["webhooks"],
    )
    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(selectors.list_endpoints(project=project_of(request)))
        return self.get_paginated_response(EndpointSerializer(page, many=True).data)

    @takes_idempotency_key
    @extend_schema(
        operation_id="create_webhook",
        summary="Register a webhook endpoint",
        description="Events are posted to it, signed by the Standard Webhooks scheme with the `secret` of this answer, "
        "which is shown this once: only a request repeated under its `Idempotency-Key` is given the same answer, with the secret.",
        request=EndpointInputSerializer,
        responses={
            201: NewEndpointSerializer,
            **refusals({**WRONG_ADDRESS, 409: "`too_many_webhooks`: remove one first."}),
        },
        tags=["webhooks"],
    )
    def post(self, request: Request) -> Response:
        project = project_of(request)
        given = EndpointInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        made = endpoints.create_endpoint(project=project, **given.validated_data)
        body = NewEndpointSerializer(made.endpoint, context={"secret": made.secret}).data
        return Response(body, status=status.HTTP_201_CREATED, headers=NO_STORE)


class WebhookDetail(APIView):
    permission_classes = [MayReadAndWrite]

    @extend_schema(
        operation_id="get_webhook",
        summary="Read a webhook endpoint",
        description="`failing_since` and `disabled_reason` tell how it is doing.",
        responses={200: EndpointSerializer, **refusals(NO_ENDPOINT)},
        tags=["webhooks"],
    )
    def get(self, request: Request, endpoint_id: str) -> Response:
        return Response(EndpointSerializer(_endpoint(request, endpoint_id)).data)

    @extend_schema(
        operation_id="edit_webhook",
        summary="Change a webhook endpoint, disable or enable it",
        description="Only what is sent changes. What waits already goes by it, too.",
        request=EndpointChangeSerializer,
        responses={200: EndpointSerializer, **refusals({**WRONG_ADDRESS, **NO_ENDPOINT})},
        tags=["webhooks"],
    )
    def patch(self, request: Request, endpoint_id: str) -> Response:
        endpoint = _endpoint(request, endpoint_id)
        given = EndpointChangeSerializer(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        endpoints.edit_endpoint(endpoint=endpoint, **given.validated_data)
        return Response(EndpointSerializer(endpoint).data)

    @extend_schema(
        operation_id="remove_webhook",
        summary="Remove a webhook endpoint",
        description="It is gone at once, with the log of what was sent to it; what waits is not sent.",
        responses={204: None, **refusals(NO_ENDPOINT)},
        tags=["webhooks"],
    )
    def delete(self, request: Request, endpoint_id: str) -> Response:
        endpoints.remove_endpoint(endpoint=_endpoint(request, endpoint_id))
        return Response(status=status.HTTP_204_NO_CONTENT)


class WebhookSecret(APIView):
    permission_classes = [MayReadAndWrite]

    @takes_idempotency_key
    @extend_schema(
        operation_id="rotate_webhook_secret",
        summary="Make a new secret",
        description="The old one holds for a day more, or `overlap_s`: until then each request has a signature by either. "
        "At most three hold at once. Only a request repeated under its `Idempotency-Key` is shown the same secret again.",
        request=RotationInputSerializer,
        responses={
            200: RotatedSecretSerializer,
            **refusals({**NO_ENDPOINT, 400: "`invalid_input`: each field that is wrong is named."}),
        },
        tags=["webhooks"],
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        endpoint = _endpoint(request, endpoint_id)
        given = RotationInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        shown = endpoints.rotate_secret(endpoint=endpoint, overlap_s=given.validated_data["overlap_s"])
        body = {"secret": shown.secret, "old_secrets_until": shown.others_until}
        return Response(RotatedSecretSerializer(body).data, headers=NO_STORE)


class WebhookTest(APIView):
    permission_classes = [MayReadAndWrite]

    @takes_idempotency_key
    @extend_schema(
        operation_id="test_webhook",
        summary="Send a test event",
        description="A `webhook.test`, signed and tried as any other; follow the delivery.",
        request=None,
        responses={202: DeliverySerializer, **refusals({**NO_ENDPOINT, 409: DISABLED})},
        tags=["webhooks"],
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        made = services.send_test(endpoint=_endpoint(request, endpoint_id))
        return Response(DeliverySerializer(made).data, status=status.HTTP_202_ACCEPTED)


class WebhookReplay(APIView):
    permission_classes = [MayReadAndWrite]

    @takes_idempotency_key
    @extend_schema(
        operation_id="replay_failed_deliveries",
        summary="Send once more what could not be delivered",
        description="The oldest first, at most 1,000 in one call; each under its `webhook-id`, with the whole schedule.",
        request=ReplayInputSerializer,
        responses={
            202: ReplayedSerializer,
            **refusals(
                {**NO_ENDPOINT, 400: "`invalid_input`: each field that is wrong is named.", 409: DISABLED}
            ),
        },
        tags=["webhooks"],
    )
    def post(self, request: Request, endpoint_id: str) -> Response:
        endpoint = _endpoint(request, endpoint_id)
        given = ReplayInputSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        count = services.replay_failed(endpoint=endpoint, since=given.validated_data["since"])
        return Response(ReplayedSerializer({"replayed": count}).data, status=status.HTTP_202_ACCEPTED)


class DeliveryList(generics.GenericAPIView[Delivery]):
    permission_classes = [MayReadAndWrite]
    serializer_class = DeliverySerializer
    pagination_class = NewestFirst
    queryset = Delivery.objects.none()

    @extend_schema(
        operation_id="list_deliveries",
        summary="List what was and is to be sent to an endpoint, newest first",
        description="Each with its body, and with every try and how it was answered.",
        parameters=[
            OpenApiParameter(
                "status", OpenApiTypes.STR, enum=states.STATUSES, description="Only those in this state."
            )
        ],
        responses={200: DeliverySerializer(many=True), **refusals(NO_ENDPOINT)},
        tags=["webhooks"],
    )
    def get(self, request: Request, endpoint_id: str) -> Response:
        found = selectors.list_deliveries(endpoint=_endpoint(request, endpoint_id))
        wanted = request.query_params.get("status")
        if wanted is not None:
            if wanted not in states.STATUSES:
                raise ValidationError({"status": [f"Must be one of {', '.join(states.STATUSES)}."]})
            found = found.filter(status=wanted)
        page = self.paginate_queryset(found)
        return self.get_paginated_response(DeliverySerializer(page, many=True).data)


class DeliveryDetail(APIView):
    permission_classes = [MayReadAndWrite]

    @extend_schema(
        operation_id="get_delivery",
        summary="Read a delivery with each of its tries",
        description="What was sent to the letter, when, and what the receiver answered or what went wrong.",
        responses={200: DeliverySerializer, **refusals(NO_DELIVERY)},
        tags=["webhooks"],
    )
    def get(self, request: Request, endpoint_id: str, delivery_id: str) -> Response:
        return Response(DeliverySerializer(_delivery(request, endpoint_id, delivery_id)).data)


class DeliveryReplay(APIView):
    permission_classes = [MayReadAndWrite]

    @takes_idempotency_key
    @extend_schema(
        operation_id="replay_delivery",
        summary="Send a delivery once more",
        description="The same body under the same `webhook-id`, with the whole schedule.",
        request=None,
        responses={
            202: DeliverySerializer,
            **refusals(
                {
                    **NO_DELIVERY,
                    409: DISABLED
                    + " `delivery_under_way`: it is sent anyway. `delivery_forgotten`: its body is gone.",
                }
            ),
        },
        tags=["webhooks"],
    )
    def post(self, request: Request, endpoint_id: str, delivery_id: str) -> Response:
        replayed = services.replay(delivery=_delivery(request, endpoint_id, delivery_id))
        return Response(DeliverySerializer(replayed).data, status=status.HTTP_202_ACCEPTED)


def _endpoint(request: Request, endpoint_id: str) -> WebhookEndpoint:
    return selectors.get_endpoint(project=project_of(request), endpoint_id=endpoint_id)


def _delivery(request: Request, endpoint_id: str, delivery_id: str) -> Any:
    return selectors.get_delivery(endpoint=_endpoint(request, endpoint_id), delivery_id=delivery_id)
