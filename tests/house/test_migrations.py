"""Old code runs on new tables while an upgrade is under way: each new migration must suit both (docs/migrations.md)."""

import re
from typing import Any

import pytest
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from tests.embedded import ROOT
from tests.two_versions import MARK, judge

# Up to these nobody judged: the last of each app when the rule began. They are only raised at a release that says so.
BASELINE = {"gilfoyle": 2, "processing": 7, "streaming": 5, "videos": 46}


def number(name: str) -> int:
    found = re.match(r"(\d{4})_", name)
    assert found, f"{name}: a migration begins with its number"
    return int(found[1])


def test_every_new_migration_suits_old_code_too() -> None:
    loader = MigrationLoader(None)
    faults = []
    for app, name in sorted(loader.disk_migrations):
        if app in BASELINE and number(name) > BASELINE[app]:
            before = loader.project_state((app, name), at_end=False)
            faults += [f"{app}.{name}: {words}" for words in judge(loader.disk_migrations[app, name], before)]
    advice = (
        f'docs/migrations.md says how; where it is right all the same, say why: `{MARK} = "…"` in the class.'
    )
    assert not faults, "\n".join([*faults, advice])


def before() -> ProjectState:
    state = ProjectState()
    fields: list[tuple[str, models.Field[Any, Any]]] = [
        ("id", models.AutoField(primary_key=True)),
        ("title", models.CharField(max_length=50, null=True)),
        ("count", models.IntegerField(db_default=0)),
    ]
    state.add_model(ModelState("videos", "Film", fields))
    return state


def judged(*found: Operation, **marks: Any) -> list[str]:
    migration = type("Migration", (migrations.Migration,), {"operations": found, **marks})("0999_x", "videos")
    return judge(migration, before())


TEXT: models.CharField[str, str] = models.CharField(max_length=50)


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (migrations.RemoveField("film", "title"), "still reads"),
        (migrations.RenameField("film", "title", "name"), "still reads"),
        (migrations.DeleteModel("Film"), "still reads"),
        (migrations.RenameModel("Film", "Movie"), "still reads"),
        (migrations.AlterModelTable("film", "other"), "still reads"),
        (migrations.AddField("film", "new", models.IntegerField(default=0)), "db_default"),
        (migrations.AlterField("film", "title", TEXT), "writes NULL"),
        (migrations.AlterField("film", "count", models.IntegerField()), "without it"),
        (migrations.AlterField("film", "count", models.TextField(db_default="")), "another type"),
        (migrations.AlterField("film", "count", models.IntegerField(db_default=0, unique=True)), "twice"),
        (migrations.AlterField("film", "title", models.CharField(max_length=9, null=True)), "longer text"),
        (migrations.AddConstraint("film", models.UniqueConstraint(fields=["title"], name="x")), "forbids"),
        (migrations.RunPython(migrations.RunPython.noop), "nobody can tell"),
        (migrations.RunSQL("DROP TABLE videos_film"), "nobody can tell"),
        (
            migrations.SeparateDatabaseAndState(
                database_operations=[migrations.RemoveField("film", "title")]
            ),
            "still reads",
        ),
    ],
)
def test_what_old_code_stumbles_over_is_refused_unless_it_says_why_not(
    operation: Operation, words: str
) -> None:
    (fault,) = judged(operation)
    assert words in fault
    assert judged(operation, **{MARK: "Since 0.2 nothing reads or writes it."}) == []
    assert judged(operation, **{MARK: "It's fine."}) != []


@pytest.mark.parametrize(
    "found",
    [
        [migrations.AddField("film", "new", models.IntegerField(null=True))],
        [migrations.AddField("film", "new", models.IntegerField(default=0, db_default=0))],
        [migrations.AlterField("film", "title", models.CharField(max_length=90, null=True))],
        [migrations.AlterField("film", "count", models.IntegerField(null=True))],
        [migrations.AddIndex("film", models.Index(fields=["title"], name="by_title"))],
        [
            migrations.CreateModel("Reel", [("id", models.AutoField(primary_key=True))]),
            migrations.AddField("reel", "new", models.IntegerField()),
            migrations.AddConstraint("reel", models.UniqueConstraint(fields=["new"], name="once")),
        ],
    ],
)
def test_what_both_live_with_passes(found: list[Operation]) -> None:
    assert judged(*found) == []


def test_the_rule_is_written_down() -> None:
    page = (ROOT / "docs" / "migrations.md").read_text(encoding="utf-8")
    assert f"`{MARK}`" in page
    assert "docs/migrations.md" in (ROOT / "README.md").read_text(encoding="utf-8")
