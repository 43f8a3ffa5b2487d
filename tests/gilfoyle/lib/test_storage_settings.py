from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gilfoyle.lib.config import Config, load_config
from gilfoyle.lib.storage_settings import StorageSettings, is_secret_of_store, media_folder, secret_variables

ARCHIVE = {"name": "archive", "backend": "s3", "s3": {"bucket": "films"}}
FAST = {"name": "fast", "path": "/fast"}


def test_there_is_one_store_unless_told() -> None:
    storage = StorageSettings()
    assert storage.of("sources") is storage.of("renditions") is storage
    assert (storage.also_read, storage.name_of("sources")) == ("", "main")


def test_sources_and_renditions_may_lie_in_different_stores() -> None:
    storage = StorageSettings.model_validate({"others": [ARCHIVE, FAST], "sources": "archive"})
    assert storage.of("sources").s3.bucket == "films"
    assert storage.of("renditions") is storage
    assert media_folder(storage.named("fast"), Path("/data")) == Path("/fast")
    assert media_folder(storage, Path("/data")) == Path("/data/media")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"sources": "archive"}, "storage.sources: there is no store 'archive'; there are main"),
        ({"renditions": ""}, "storage.renditions"),
        ({"also_read": "old"}, "storage.also_read"),
        ({"others": [FAST, FAST]}, "a name of its own"),
        ({"others": [{**FAST, "name": "main"}]}, "a name of its own"),
        ({"others": [{**FAST, "name": "../x"}]}, "name"),
        ({"others": [{"name": "fast"}]}, "the store fast must have path"),
        ({"others": [{"name": "archive", "backend": "s3"}]}, "the store archive must have s3.bucket"),
        ({"path": "/fast", "others": [FAST]}, "the same place"),
        ({"others": [ARCHIVE, {**ARCHIVE, "name": "again"}]}, "the same place"),
        ({"others": [{**FAST, "pth": 1}]}, "pth"),
    ],
)
def test_what_makes_no_sense_stops_the_start(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        StorageSettings.model_validate(wrong)


@pytest.mark.parametrize("path", ["{}/media", "{}/other/../media", "{}/link"])
def test_the_folder_that_nobody_names_is_a_place_too(path: str, tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "media")
    others = [{"name": "new", "path": path.format(tmp_path)}]
    with pytest.raises(ValidationError, match="the same place"):
        Config.model_validate({"server": {"data_dir": str(tmp_path)}, "storage": {"others": others}})


def test_secrets_of_further_stores_come_from_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(
        "storage: {others: [{name: archive, backend: s3, s3: {bucket: films, access_key_id: a}}]}"
    )
    variable = "GILFOYLE_STORE_ARCHIVE_SECRET_ACCESS_KEY"
    s3 = load_config(file, {variable: "hidden"}).storage.named("archive").s3
    assert (s3.access_key_id.get_secret_value(), s3.secret_access_key.get_secret_value()) == ("a", "hidden")
    assert is_secret_of_store(variable)
    assert not is_secret_of_store("GILFOYLE_STORE_PATH")


@pytest.mark.parametrize(
    "raw", [None, {"storage": 1}, {"storage": {"others": [1, {"name": 2}, {"name": "a", "s3": 3}]}}]
)
def test_a_file_that_is_wrong_is_left_to_validation(raw: Any) -> None:
    assert list(secret_variables(raw)) == []
