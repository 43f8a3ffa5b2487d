"""Cursor pages, newest first: stable while rows are added, equally fast on page one and page ten thousand."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request


class NewestFirst(CursorPagination):
    """Pages by (created_at, id), both descending."""

    ordering = ("-created_at", "-id")
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100

    def paginate_queryset(
        self, queryset: QuerySet[Any, Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        """Cut the page; its links begin with our own address, whatever host the request names."""
        page = super().paginate_queryset(queryset, request, view)
        self.base_url = settings.GILFOYLE.public_url + request.get_full_path()
        return page

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return what a page is, for the OpenAPI document."""
        address = {"type": ["string", "null"], "format": "uri"}
        words = "Its address; null where there is none."
        example = "https://video.example.com/api/v1/videos?cursor=cD0yMDI2"
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**address, "description": f"The next page. {words}", "example": example},
                "previous": {**address, "description": f"The page before. {words}", "example": None},
                "results": schema,
            },
        }

    def decode_cursor(self, request: Any) -> Cursor | None:
        """Raises: ValidationError for what no page has given out."""
        try:
            cursor: Cursor | None = super().decode_cursor(request)
            if cursor is not None and cursor.position is not None:
                datetime.fromisoformat(str(cursor.position)).astimezone(UTC)
        except (NotFound, ValueError, OverflowError):
            message = {"cursor": "This cursor is not one of ours; begin again without it."}
            raise ValidationError(message) from None
        return cursor
