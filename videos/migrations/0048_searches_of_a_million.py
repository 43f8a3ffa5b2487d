"""What PostgreSQL finds texts and metadata by. Other databases read the rows: their searches are as slow as there are many."""

from __future__ import annotations

from typing import Any

from django.db import ProgrammingError, migrations

from gilfoyle.lib.indexes import is_postgresql

# As Django spells `icontains`, or they would not be used.
TEXTS = "gin (UPPER(title::text) gin_trgm_ops, UPPER(description::text) gin_trgm_ops)"
INDEXES = {"video_texts": TEXTS, "video_metadata": "gin (metadata jsonb_path_ops)"}


def build(_apps: Any, schema_editor: Any) -> None:
    """Build them beside writers. Where the role may not add the extension, texts are searched without (docs/databases.md)."""
    if not is_postgresql(schema_editor):
        return
    with schema_editor.connection.cursor() as cursor:
        wanted = dict(INDEXES)
        try:
            cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        except ProgrammingError:
            del wanted["video_texts"]
        except Exception as error:
            if "pg_trgm" not in str(error):
                raise
            del wanted["video_texts"]  # its files are not there
        # It may be there in a schema in which this role's tables look for nothing.
        cursor.execute("SELECT 1 FROM pg_opclass WHERE opcname = 'gin_trgm_ops' AND pg_opclass_is_visible(oid)")
        if not cursor.fetchone():
            wanted.pop("video_texts", None)
        for name, how in wanted.items():
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON videos_video USING {how}")


def drop(_apps: Any, schema_editor: Any) -> None:
    """Take them away again; the extension may be somebody else's, too."""
    if is_postgresql(schema_editor):
        with schema_editor.connection.cursor() as cursor:
            for name in INDEXES:
                cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


class Migration(migrations.Migration):
    atomic = False
    old_code_lives_because = "It adds indexes alone, beside writers; old code's queries are answered as before."

    dependencies = [
        ('videos', '0047_lists_of_a_million'),
    ]

    operations = [
        migrations.RunPython(build, drop, elidable=False),
    ]
