import hashlib
import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction

from tests.factories import make_project, make_video
from tests.videos.moderation.making import make_playing
from tests.videos.privacy.making import make_creator, make_traces
from videos.audit.services import record
from videos.privacy import exporting
from videos.privacy.erasing import bearing_creators
from videos.privacy.exporting import (
    KEPT_TABLES,
    OF_STAFF,
    TOLD_TABLES,
    _of_videos,
    export_creator,
    opened_store,
)

pytestmark = pytest.mark.django_db


def test_all_of_a_creator_and_nothing_of_others(tmp_path: Path) -> None:
    creator = make_creator()
    video = make_traces(creator)
    make_playing(creator.project, creator_id="user-18", title="Not mine")
    with opened_store(tmp_path / "out") as store:
        manifest = export_creator(creator, store, with_files=True)
    names = {file["name"] for file in manifest["files"]}
    assert {"Video.json", "Upload.json", "Report_about.json", "Report_by.json", "Decision.json"} <= names
    assert json.loads((tmp_path / "out" / "manifest.json").read_text()) == manifest
    for file in manifest["files"]:
        data = (tmp_path / "out" / file["name"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        assert b"Not mine" not in data
    assert [one["id"] for one in json.loads((tmp_path / "out" / "Video.json").read_text())] == [video.pk]
    by = json.loads((tmp_path / "out" / "Report_by.json").read_text())
    assert [one["comment"] for one in by] == ["Mine."]
    about = (tmp_path / "out" / "Report_about.json").read_text()
    assert "See user-17." not in about  # what others wrote
    assert "reporter" not in about


def test_a_consumer_is_told_less_and_of_every_table_it_is_said_whether(tmp_path: Path) -> None:
    creator = make_creator()
    video = make_traces(creator)
    with transaction.atomic():
        for verb in ("video.watched", "restriction.set"):
            data = {"reason": "hate", "version": 3}
            record(verb, object_type="video", object_id=video.pk, project_id=video.project_id, data=data)
    with opened_store(tmp_path / "out") as store:
        manifest = export_creator(creator, store, with_files=False, for_consumer=True)
    told = {
        file["name"].removesuffix(".json"): json.loads((tmp_path / "out" / file["name"]).read_text())
        for file in manifest["files"]
    }
    assert {"Video", "Decision", "Report_by", "Appeal_by", "AuditEntry"} <= told.keys() <= TOLD_TABLES
    assert {file["name"]: file["rows"] for file in manifest["files"]} == {
        f"{name}.json": len(rows) for name, rows in told.items()
    }
    assert [(entry["verb"], entry["data"]) for entry in told["AuditEntry"]] == [
        ("restriction.set", {"reason": "hate"})
    ]
    for rows in told.values():
        assert not OF_STAFF & {column for row in rows for column in row}
    every = {model.__name__ for model in _of_videos()} | {model.__name__ for model, _ in bearing_creators()}
    assert every - TOLD_TABLES - KEPT_TABLES == {"Report"}


def test_rows_are_read_by_and_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    creator = make_creator()
    for _ in range(3):
        make_video(creator.project, status="ready", creator_id=creator.id)
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 2)
    made: list[Any] = []
    made_at_piece: list[int] = []
    row_of = exporting._row

    def counted(row: Any) -> dict[str, Any]:
        made.append(row)
        return row_of(row)

    monkeypatch.setattr(exporting, "_row", counted)

    class Store:
        def write(self, name: str, pieces: Iterable[bytes]) -> None:
            del name
            made_at_piece.extend(len(made) for _ in pieces)

    manifest = export_creator(creator, Store(), with_files=False)
    assert manifest["files"][0]["rows"] == 3
    assert made_at_piece[:3] == [1, 2, 3]  # each is written before the next is made


def test_a_zip_with_the_files_and_nothing_is_overwritten(tmp_path: Path) -> None:
    creator = make_creator("user-17", make_project())

    video = make_video(creator.project, status="ready", source=b"bytes of a film", creator_id="user-17")
    path = tmp_path / "out.zip"
    with opened_store(path) as store:
        export_creator(creator, store, with_files=True)
    with zipfile.ZipFile(path) as archive:
        assert archive.read(f"sources/{video.pk}") == b"bytes of a film"
    with pytest.raises(FileExistsError), opened_store(path):
        pass
