import json
import zipfile
from pathlib import Path

import pytest
from django.core.management import CommandError

from tests.videos.management.operating import run
from tests.videos.privacy.making import make_creator, make_traces

pytestmark = pytest.mark.django_db


def test_it_writes_a_zip_and_overwrites_nothing(tmp_path: Path) -> None:
    creator = make_creator()
    make_traces(creator)
    argv = (creator.project.name, creator.id, "--out", str(tmp_path / "out.zip"))
    told = json.loads(run("export_creator", *argv, "--json")[1])
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["creator_id"], len(manifest["files"])) == (creator.id, told["files"])
    with pytest.raises(CommandError, match="can't be written"):
        run("export_creator", *argv)
