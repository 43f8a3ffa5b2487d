"""Indexes that a migration builds beside writers."""

from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.db.migrations.state import ProjectState

from gilfoyle.lib.indexes import AddIndexBesideWriters, RemoveIndexBesideWriters, is_postgresql

INDEX = models.Index(fields=["title"], name="video_by_title")


@pytest.mark.django_db
def test_on_postgresql_nobody_waits_for_an_index_and_a_half_built_one_is_dropped_first() -> None:
    state = ProjectState.from_apps(apps)
    later = state.clone()
    add, remove = AddIndexBesideWriters("video", INDEX), RemoveIndexBesideWriters("video", INDEX.name)
    add.state_forwards("videos", later)
    editor: Any = connection.schema_editor(collect_sql=True, atomic=False)
    editor.deferred_sql = []  # as where it is entered, which SQLite refuses inside a transaction
    add.database_forwards("videos", editor, state, later)
    remove.database_forwards("videos", editor, later, state)
    said = [one.split(" ON ")[0].rstrip(";") for one in editor.collected_sql]
    beside = "CONCURRENTLY " if is_postgresql(editor) else ""
    dropped = f'DROP INDEX {beside}IF EXISTS "video_by_title"'
    assert said == [dropped, f'CREATE INDEX {beside}"video_by_title"', dropped]


@pytest.mark.django_db(transaction=True)
def test_what_was_cut_off_is_begun_again_and_goes_back() -> None:
    state = ProjectState.from_apps(apps)
    later = state.clone()
    add, remove = AddIndexBesideWriters("video", INDEX), RemoveIndexBesideWriters("video", INDEX.name)
    add.state_forwards("videos", later)
    for _ in range(2):  # as when the migration ends before it is written down
        run(add.database_forwards, state, later)
        assert INDEX.name in names_of_indexes()
    for _ in range(2):
        run(remove.database_forwards, later, state)
        assert INDEX.name not in names_of_indexes()
    run(remove.database_backwards, state, later)
    assert INDEX.name in names_of_indexes()
    for _ in range(2):
        run(add.database_backwards, later, state)
        assert INDEX.name not in names_of_indexes()


def run(move: Any, before: ProjectState, after: ProjectState) -> None:
    with connection.schema_editor(atomic=False) as editor:
        move("videos", editor, before, after)


def names_of_indexes() -> set[str]:
    with connection.cursor() as cursor:
        return set(connection.introspection.get_constraints(cursor, "videos_video"))
