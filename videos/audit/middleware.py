"""Says who acts in a request: whoever of the staff is signed in to the admin; authentication of the API names its key."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from videos.audit.actors import Actor, acting_as


class ActorMiddleware:
    """Middleware, behind that of Django's sessions; whoever was named ends with the request."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_as(_staff_of(request)):
            response: HttpResponse = self._get_response(request)
            return response


def _staff_of(request: HttpRequest) -> Actor | None:
    # Only there: elsewhere nobody looks for a session, and none should be read.
    if not request.path.startswith(reverse("admin:index")):
        return None
    user = request.user
    return Actor("staff", str(user.pk)) if user.is_authenticated else None
