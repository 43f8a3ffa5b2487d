from __future__ import annotations

import json
import re

import pytest

from streaming.player.frontend import build as frontend
from streaming.player.frontend.build import BuildError, build, is_built, locked_version
from tests.services import require_service


def put_files(target, version):
    target.mkdir(parents=True)
    for name in frontend.COPIED.values():
        (target / name).write_text("x")
    (target / frontend.VERSION_FILE).write_text(version + "\n")


def test_the_lock_pins_one_version_and_names_no_host():
    manifest = json.loads((frontend.HERE / "package.json").read_text())
    text = (frontend.HERE / "package-lock.json").read_text()
    assert manifest["dependencies"] == {frontend.PACKAGE: locked_version(frontend.HERE)}
    assert re.fullmatch(r"\d+\.\d+\.\d+", locked_version(frontend.HERE))
    assert "resolved" not in text
    assert "://" not in text
    assert json.loads(text)["packages"]["node_modules/hls.js"]["integrity"].startswith("sha512-")


def test_what_is_in_place_is_not_fetched_again(tmp_path):
    target = tmp_path / "vendor"
    put_files(target, locked_version(frontend.HERE))
    assert is_built(target, locked_version(frontend.HERE))
    assert build(target=target) is False


@pytest.mark.parametrize("missing", [*frontend.COPIED.values(), frontend.VERSION_FILE])
def test_a_missing_file_is_noticed(tmp_path, missing):
    target = tmp_path / "vendor"
    put_files(target, "1.2.3")
    (target / missing).unlink()
    assert not is_built(target, "1.2.3")


def test_another_version_is_noticed(tmp_path):
    put_files(tmp_path / "vendor", "1.2.3")
    assert not is_built(tmp_path / "vendor", "1.2.4")


def test_what_can_not_be_fetched_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    failing = tmp_path / "bin"
    failing.mkdir()
    for name in ("npm", "node"):
        (failing / name).write_text("#!/bin/sh\necho 'the registry said no' >&2\nexit 1\n")
        (failing / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{failing}:/usr/bin:/bin")
    with pytest.raises(BuildError, match="the registry said no"):
        build(target=tmp_path / "vendor")
    assert not (tmp_path / "vendor").exists()


def test_the_script_in_place_is_the_one_that_plays_our_playlists():
    require_service("hls.js", present=is_built(frontend.TARGET, locked_version(frontend.HERE)))
    script = (frontend.TARGET / "hls.min.js").read_text(encoding="utf-8")
    assert locked_version(frontend.HERE) in script
    # Sound in a playlist of its own needs the full build.
    assert "audioStreamController" in script
    assert "Apache" in (frontend.TARGET / "hls.LICENSE.txt").read_text(encoding="utf-8")
