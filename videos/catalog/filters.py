"""Filters of the list of videos."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import Q, QuerySet
from django.db.models.fields.json import KeyTextTransform

from videos.catalog import states
from videos.catalog.models import Video


class VideoFilter(django_filters.FilterSet):
    """`?status=ready&creator_id=…&metadata.album=2026&text=party&created_after=…`."""

    status = django_filters.MultipleChoiceFilter(choices=[(s, s) for s in states.STATUSES])
    playable = django_filters.BooleanFilter()
    external_id = django_filters.CharFilter()
    creator_id = django_filters.CharFilter()
    text = django_filters.CharFilter(method="with_text", label="In the title or the description.")
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Video
        fields: tuple[str, ...] = ()

    def with_text(self, videos: QuerySet[Video], _name: str, text: str) -> QuerySet[Video]:
        return videos.filter(Q(title__icontains=text) | Q(description__icontains=text))

    def filter_queryset(self, queryset: Any) -> Any:
        videos: QuerySet[Video] = super().filter_queryset(queryset)
        for position, (name, value) in enumerate(_metadata_filters(self.data)):
            alias = f"metadata_{position}"
            videos = videos.alias(**{alias: KeyTextTransform(name, "metadata")}).filter(**{alias: value})
        return videos


def _metadata_filters(data: Any) -> list[tuple[str, str]]:
    names = [name for name in data if name.startswith("metadata.")]
    return [(name.removeprefix("metadata."), str(data[name])) for name in names]
