"""Scopes as DRF permissions."""

from __future__ import annotations

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from videos.access.authentication import key_of
from videos.errors import ScopeMissing


class Authenticated(BasePermission):
    """Any valid API key."""

    def has_permission(self, request: Request, view: Any) -> bool:
        del view
        key_of(request)
        return True


class HasScope(Authenticated):
    """A valid API key with the scope that the method needs; `of(read=…, write=…)` or `of(scope)` makes the class."""

    read_scope = ""
    write_scope = ""

    def has_permission(self, request: Request, view: Any) -> bool:
        super().has_permission(request, view)
        needed = self.read_scope if request.method in {"GET", "HEAD", "OPTIONS"} else self.write_scope
        if needed not in key_of(request).scopes:
            message = f"This key lacks the scope {needed}."
            raise ScopeMissing(message, hint="Use a key that has it.", scope=needed)
        return True

    @classmethod
    def of(cls, scope: str = "", *, read: str = "", write: str = "") -> type[HasScope]:
        """Return a permission class for one scope, or one for reading and one for writing."""
        return type("HasScope", (cls,), {"read_scope": read or scope, "write_scope": write or scope})
