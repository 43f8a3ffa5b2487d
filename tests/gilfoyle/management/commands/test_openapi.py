import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from drf_spectacular.generators import SchemaGenerator

from gilfoyle.management.commands import openapi

SMALL: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"description": "Two\nlines."},
    "paths": {"/api/v1/films": {"get": {"operationId": "list_films", "responses": {"200": {}}}}},
}


@pytest.fixture(autouse=True)
def small_api(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda _self, **_options: SMALL)


def test_it_writes_what_it_then_finds_unchanged(tmp_path: Path) -> None:
    call_command("openapi", "--write", folder=tmp_path)
    text = (tmp_path / openapi.DOCUMENT).read_text(encoding="utf-8")
    assert yaml.safe_load(text) == SMALL
    assert "description: |-\n    Two\n    lines." in text
    assert (tmp_path / openapi.PROMISES).read_text(encoding="utf-8") == (
        "GET /films 200\nGET /films is list_films\n"
    )
    said = StringIO()
    call_command("openapi", folder=tmp_path, stdout=said)
    assert said.getvalue() == "Nothing has changed.\n"


def test_a_document_of_before_is_refused_and_named(tmp_path: Path) -> None:
    said = StringIO()
    with pytest.raises(CommandError, match=r"python manage\.py openapi --write"):
        call_command("openapi", "--json", folder=tmp_path, stdout=said)
    assert json.loads(said.getvalue()) == {
        "stale": ["docs/openapi.yaml", "docs/openapi-promises.txt"],
        "breaks": [],
    }


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    call_command("openapi", "--write", "--dry-run", folder=tmp_path, stdout=StringIO())
    assert list(tmp_path.iterdir()) == []
