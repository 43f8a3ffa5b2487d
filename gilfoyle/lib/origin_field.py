"""Web origins in the API's input."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from gilfoyle.lib.origins import normalize_origin


class OriginField(serializers.CharField):
    """A web origin, kept in its canonical spelling."""

    default_error_messages = {"origin": "Must be an origin such as https://www.example.org, without a path."}

    def to_internal_value(self, data: Any) -> str:
        origin = normalize_origin(super().to_internal_value(data))
        if origin is None:
            self.fail("origin")
        return origin
