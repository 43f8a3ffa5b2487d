"""Input of the API in which nothing is passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses fields that there are not: a misspelt limit would be a limit that silently does not hold."""

    def to_internal_value(self, data: Any) -> Any:
        """Raises: ValidationError."""
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            raise serializers.ValidationError({name: ["There is no such field."] for name in unknown})
        return super().to_internal_value(data)
