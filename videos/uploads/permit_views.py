"""What all addresses of uploads share: who may, by an API key or by the address itself, and to whose pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.views import APIView

from gilfoyle.lib.origins import normalize_origin
from videos.access.authentication import key_of
from videos.access.permissions import HasScope
from videos.access.throttling import admit_request
from videos.uploads import cors, tus
from videos.uploads.errors import GrantInvalid
from videos.uploads.grants import read_grant
from videos.uploads.models import UploadGrant
from videos.uploads.permits import SCOPE, Permit, find_grant, permit_of_grant, permit_of_key

TOKEN = OpenApiParameter(
    "token",
    {"type": "string", "pattern": "^upg_[^/]+$"},
    OpenApiParameter.PATH,
    description="As it stands in the addresses of `POST /uploads`.",
)


class PermitView(APIView):
    """Finds out anew for each request what it may do; by default, by its key."""

    authentication_classes = APIView.authentication_classes
    permission_classes = [HasScope.of(SCOPE)]
    format_kwarg: str | None = None  # DRF's, which asks for it also where `initial` did not come so far
    ignores_accept = True  # for the OpenAPI document
    permit: Permit

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        del args
        # Whatever a client says it accepts: there is one form of answers.
        chosen = self.perform_content_negotiation(request, force=True)
        request.accepted_renderer, request.accepted_media_type = chosen
        self.require_method(request)
        if request.method != "OPTIONS":
            self.permit = self.find_permit(request, **kwargs)

    def require_method(self, request: Request) -> None:
        """Refuse what there is not here before anything else: what an address takes is no secret.

        Raises: MethodNotAllowed.
        """
        if not hasattr(self, (request.method or "").lower()):
            raise MethodNotAllowed(request.method or "")

    def find_permit(self, request: Request, **_kwargs: str) -> Permit:
        """Return what the request may do.

        Raises: KeyInvalid, ScopeMissing, ProjectSuspended.
        """
        self.perform_authentication(request)
        self.check_permissions(request)
        return permit_of_key(key_of(request), settings.GILFOYLE)


class ByAddress(PermitView):
    """What an address itself permits, and to whose pages."""

    authentication_classes = ()
    shared_refusals = {  # for the OpenAPI document
        "403": "`upload_grant_invalid`: nobody signed it, or it was taken back. `origin_not_allowed`: by a page of another "
        "site. `project_suspended`.",
        "410": "`upload_grant_expired`: ask for another one.",
    }
    cors_methods: Sequence[str] = tus.METHODS
    grant: UploadGrant | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # First of all: pages of the allowed origins are to be able to read every refusal.
        grant_id = read_grant(kwargs["token"], root_secret=settings.GILFOYLE_ROOT_SECRET)
        self.grant = find_grant(grant_id) if grant_id else None
        super().initial(request, *args, **kwargs)

    def find_permit(self, request: Request, **_kwargs: str) -> Permit:
        """Return what the address allows.

        Raises: GrantInvalid, GrantExpired, ProjectSuspended, OriginNotAllowed, TooManyRequests.
        """
        grant = self.require_grant(request)
        permit = permit_of_grant(grant, settings.GILFOYLE)
        counted: HttpRequest = request._request  # noqa: SLF001 - what the middleware sees
        admit_request(counted, project=grant.video.project, key=grant.api_key, video_id=grant.video_id)
        return permit

    def require_grant(self, request: Request) -> UploadGrant:
        """Raises: GrantInvalid, OriginNotAllowed."""
        if self.grant is None:
            message = "This upload address is not valid."
            raise GrantInvalid(message, hint="Ask for another one.")
        cors.require_allowed(request.headers.get("Origin"), *self._origins(request))
        return self.grant

    def _origins(self, request: Request) -> tuple[list[str], str | None]:
        allowed: list[str] = self.grant.allowed_origins if self.grant else []
        # The page of this server itself is of the host that it was asked for by, which need not be the public one.
        own = normalize_origin(f"{request.scheme}://{request.get_host()}")
        is_own = own is not None and own == normalize_origin(request.headers.get("Origin", ""))
        return allowed, own if is_own else normalize_origin(settings.GILFOYLE.public_url)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Vary"] = "Origin"
        if self.grant is not None:
            origin, is_preflight = request.headers.get("Origin"), request.method == "OPTIONS"
            headers = (
                cors.preflight_headers(origin, *self._origins(request), self.cors_methods)
                if is_preflight
                else cors.answer_headers(origin, *self._origins(request))
            )
            for name, value in headers.items():
                response[name] = value
        response["Referrer-Policy"] = "no-referrer"  # the address itself is the secret
        return response
