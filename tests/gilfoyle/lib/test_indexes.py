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
    if is_postgresql(editor):
        dropped = 'DROP INDEX CONCURRENTLY IF EXISTS "video_by_title"'
        assert said == [dropped, 'CREATE INDEX CONCURRENTLY "video_by_title"', dropped]
    else:
        assert said == ['CREATE INDEX "video_by_title"', 'DROP INDEX "video_by_title"']
