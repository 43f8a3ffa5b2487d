"""`Authorization: Bearer <API key>` → `request.auth` is the ApiKey, `request.auth.project` its project."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from videos.access.keys import is_match, parse_prefix
from videos.access.models import ApiKey, Project
from videos.access.services import note_use
from videos.access.throttling import admit_request
from videos.audit.actors import Actor, set_actor
from videos.errors import KeyInvalid, ProjectSuspended

_HINT_HEADER = "Send `Authorization: Bearer <API key>`."
# The same however a key is wrong, so that it tells nothing to who guesses.
_HINT_KEY = "Is it whole, as it was shown (gfk_…), and not revoked? `manage.py create_api_key` makes another."


class Consumer:
    """DRF's `request.user`: a consumer's backend, not a person."""

    is_authenticated = True
    is_anonymous = False

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.pk = key.pk


class ApiKeyAuthentication(BaseAuthentication):
    """Authenticate by API key; one answer for every way in which a key can be wrong."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return None
        scheme, _, text = header.partition(" ")
        text = text.strip() if scheme.lower() == "bearer" else ""
        key = _find_key(text)
        if key is None:
            message = "The API key is not valid."
            raise KeyInvalid(message, hint=_HINT_KEY if text else _HINT_HEADER)
        if key.project.is_suspended:
            message = "This project is suspended."
            raise ProjectSuspended(message, hint="Ask the operator of this server.")
        admit_request(request._request, project=key.project, key=key)  # noqa: SLF001 - what the middleware sees
        note_use(key)
        set_actor(Actor("api_key", key.pk))  # until the request ends (audit/middleware.py)
        return Consumer(key), key

    def authenticate_header(self, request: Request) -> str:
        del request
        return "Bearer"


def key_of(request: Request) -> ApiKey:
    """Return the API key of a request that was authenticated.

    Raises: KeyInvalid.
    """
    key: object = request.auth
    if not isinstance(key, ApiKey):
        message = "An API key is needed."
        raise KeyInvalid(message, hint=_HINT_HEADER)
    return key


def project_of(request: Request) -> Project:
    """Return the project of the request's key. Raises: KeyInvalid."""
    return key_of(request).project


def _find_key(text: str) -> ApiKey | None:
    prefix = parse_prefix(text)
    if prefix is None:
        return None
    key = ApiKey.objects.select_related("project").filter(prefix=prefix).first()
    if key is None or not is_match(text, key.digest) or not key.is_active:
        return None
    return key


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's metaclass hook
    """How the OpenAPI document names this."""

    target_class = "videos.access.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        del auto_schema
        return {"type": "http", "scheme": "bearer", "description": "An API key, `gfk_…`."}
