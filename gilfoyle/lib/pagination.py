"""Cursor pages, newest first: stable while rows are added, equally fast on page one and page ten thousand."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from rest_framework.pagination import CursorPagination
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
