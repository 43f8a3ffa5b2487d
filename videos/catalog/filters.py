"""Filters of the list of videos."""

from __future__ import annotations

import json
import math
from datetime import UTC
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django_filters.fields import IsoDateTimeField

from videos.catalog import states
from videos.catalog.models import Video


class UtcDateTimeField(IsoDateTimeField):
    """A time that can be told in UTC: the first and last hours of the calendar can't."""

    def clean(self, value: Any) -> Any:
        time = super().clean(value)
        try:
            return time and time.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class TimeFilter(django_filters.IsoDateTimeFilter):
    field_class = UtcDateTimeField


class MetadataText(Func):
    """The value of a key of `metadata` as text: `5` and `true` too, the same on every database."""

    function = "jsonb_extract_path_text"
    output_field = TextField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # json_each compares keys as they are; a JSON path would need them quoted, and reads 0 as a place in a list.
        template = (
            "(SELECT CASE WHEN type IN ('true', 'false') THEN type ELSE CAST(value AS TEXT) END"
            " FROM json_each(%(expressions)s))"
        )
        return self.as_sql(compiler, connection, template=template, arg_joiner=") WHERE key = (", **context)


class VideoFilter(django_filters.FilterSet):
    """`?status=ready&creator_id=…&metadata.album=2026&text=party&created_after=…`."""

    # `distinct` would compare whole rows, all that there are.
    status = django_filters.MultipleChoiceFilter(choices=[(s, s) for s in states.STATUSES], distinct=False)
    playable = django_filters.BooleanFilter()
    external_id = django_filters.CharFilter()
    creator_id = django_filters.CharFilter()
    text = django_filters.CharFilter(method="with_text", label="In the title or the description.")
    created_after = TimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = TimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Video
        fields: tuple[str, ...] = ()

    def is_valid(self) -> bool:
        """Also refuse what no metadata can hold."""
        valid: bool = super().is_valid()
        for name, value in _metadata_filters(self.data):
            if "\0" in name + value:
                self.form.add_error(
                    None, ValidationError("Metadata holds no null characters.", code="invalid")
                )
                return False
        return valid

    def with_text(self, videos: QuerySet[Video], _name: str, text: str) -> QuerySet[Video]:
        return videos.filter(Q(title__icontains=text) | Q(description__icontains=text))

    def filter_queryset(self, queryset: Any) -> Any:
        videos: QuerySet[Video] = super().filter_queryset(queryset)
        for position, (name, value) in enumerate(_metadata_filters(self.data)):
            alias = f"metadata_{position}"
            text = MetadataText(F("metadata"), Value(name))
            videos = videos.alias(**{alias: text}).filter(_may_have(name, value), **{alias: value})
        return videos


def _may_have(name: str, value: str) -> Q:
    """Return what PostgreSQL's index finds of the rows whose key has this text: a superset, whose rows are then looked at."""
    if connection.vendor != "postgresql":
        return Q()
    if value.startswith(("{", "[")):  # the text of an object or a list, which is as the database spells it
        return Q()
    found = Q(metadata__contains={name: value})
    try:
        number = json.loads(value)
    except (ValueError, RecursionError):
        return found
    # Or true and false. Of a whole number of hundreds of digits nobody can ask whether it is finite.
    is_number = isinstance(number, int) or (isinstance(number, float) and math.isfinite(number))
    return found | Q(metadata__contains={name: number}) if is_number else found


def _metadata_filters(data: Any) -> list[tuple[str, str]]:
    names = [name for name in data if name.startswith("metadata.")]
    return [(name.removeprefix("metadata."), str(data[name])) for name in names]
