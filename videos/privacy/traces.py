"""Where a creator's id still occurs: every column of every table that holds text is looked at, and what lies sealed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.apps import apps
from django.db.models import CharField, Field, JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from videos.access.pseudonyms import SHORT, is_named_in
from videos.audit.forgetting import personal_parts_of
from videos.moderation.forgetting import appeals_by, reports_by, sealed_mentions
from videos.privacy.creators import Creator

MOST_NAMED = 10
MOST_OWN = 200  # in one column
# What a consumer writes, and can change.
OWN = ("videos.Video", "videos.ChapterList", "videos.TextTrack")
_TO_PROJECT = (
    "project_id",
    "video__project_id",
    "upload__project_id",
    "case__project_id",
    "job__video__project_id",
    "delivery__project_id",
)


@dataclass(frozen=True, slots=True)
class Trace:
    """Rows in whose column the id occurs; the first of them by their keys."""

    table: str
    column: str
    count: int
    rows: tuple[str, ...]


def find_traces(creator: Creator) -> list[Trace]:
    """Return where a creator's id, or what stands for it, still occurs in the rows of its project and of no project."""
    return list(_in_columns(creator, apps.get_models())) + _sealed(creator)


def find_own_words(creator: Creator) -> tuple[list[dict[str, str]], bool]:
    """Return where a consumer's own texts name a creator: table, column and the row's id; and whether there are more.

    Nothing of anybody else's, and no more than `MOST_OWN` of a column.
    """
    told: list[dict[str, str]] = []
    has_more = False
    for model, column, rows in _columns(creator, [apps.get_model(label) for label in OWN]):
        found = list(islice(rows, MOST_OWN + 1))
        has_more = has_more or len(found) > MOST_OWN
        label = model._meta.label  # noqa: SLF001
        told += [{"table": label, "column": column, "id": row} for row in found[:MOST_OWN]]
    return told, has_more


def _in_columns(creator: Creator, models: Iterable[type[Model]]) -> Iterator[Trace]:
    for model, column, rows in _columns(creator, models):
        yield from _as_trace(model, column, rows)


def _columns(
    creator: Creator, models: Iterable[type[Model]]
) -> Iterator[tuple[type[Model], str, Iterator[str]]]:
    """Give every column that holds text, and which of its rows have the id in it."""
    for model in models:
        for field in model._meta.concrete_fields:  # noqa: SLF001 - Django's own way to ask for the columns
            if isinstance(field, CharField | TextField | JSONField):
                yield model, field.name, _rows_with(model, field, creator)


def _rows_with(model: type[Model], field: Field[Any, Any], creator: Creator) -> Iterator[str]:
    rows: QuerySet[Any] = QuerySet(model).annotate(told_text=Cast(field.name, TextField())).order_by()
    # JSON lies escaped in one database, and as it is in another.
    escaped = json.dumps(creator.id)[1:-1]
    plain = json.dumps(creator.id, ensure_ascii=False)[1:-1]
    spelt = Q(told_text__contains=creator.id)
    for one in {escaped, plain} - {creator.id}:
        spelt |= Q(told_text__contains=one)
    path = _path_to_project(model)
    if path:
        spelt &= Q(**{path: creator.project.pk}) | Q(**{f"{path}__isnull": True})
    is_json = isinstance(field, JSONField)
    for pk, text in rows.filter(spelt).values_list("pk", "told_text").iterator(chunk_size=500):
        if occurs(creator.id, text or "", is_json=is_json):
            yield str(pk)


def _path_to_project(model: type[Model]) -> str:
    names = {field.attname for field in model._meta.concrete_fields}  # noqa: SLF001
    relations = {field.name for field in model._meta.concrete_fields}  # noqa: SLF001
    for path in _TO_PROJECT:
        first = path.split("__")[0]
        if path in names or ("__" in path and first in relations):
            return path
    return ""


def occurs(creator_id: str, text: str, *, is_json: bool = False) -> bool:
    """Tell whether an id stands in a text as a word of its own; a short one: whether it is the whole value."""
    if not is_json:
        return is_named_in(text, creator_id)
    try:
        return any(is_named_in(one, creator_id) for one in _strings(json.loads(text)))
    except ValueError:
        return is_named_in(text, creator_id)


def _strings(told: Any) -> Iterator[str]:
    if isinstance(told, str):
        yield told
    elif isinstance(told, dict):
        for name, value in told.items():
            yield name
            yield from _strings(value)
    elif isinstance(told, list):
        for value in told:
            yield from _strings(value)


def _sealed(creator: Creator) -> list[Trace]:
    """Return what can't be seen in the columns: keyed hashes, and sealed words."""
    told: dict[str, Any] = {"project_id": creator.project.pk}
    found = _named("videos.Report", "reporter", reports_by(creator.id, **told))
    found += _named("videos.Appeal", "filed_by", appeals_by(creator.id, **told))
    found += _named("videos.AuditPersonal", "sealed", personal_parts_of(creator.id, **told))
    if len(creator.id) >= SHORT:
        for row in sealed_mentions(creator.id, **told):
            found += _named(row._meta.label, "sealed_text", [row])  # noqa: SLF001
    return found


def _named(table: str, column: str, rows: Any) -> list[Trace]:
    keys = [str(row.pk) for row in rows]
    return [Trace(table, column, len(keys), tuple(keys[:MOST_NAMED]))] if keys else []


def _as_trace(model: type[Model], column: str, rows: Iterator[str]) -> list[Trace]:
    keys = list(rows)
    label = model._meta.label  # noqa: SLF001
    return [Trace(label, column, len(keys), tuple(keys[:MOST_NAMED]))] if keys else []
