"""Cursor pages, newest first: stable while rows are added, equally fast on page one and page ten thousand."""

from __future__ import annotations

from rest_framework.pagination import CursorPagination


class NewestFirst(CursorPagination):
    """Pages by (created_at, id), both descending."""

    ordering = ("-created_at", "-id")
    page_size = 25
    page_size_query_param = "page_size"
    max_page_size = 100
