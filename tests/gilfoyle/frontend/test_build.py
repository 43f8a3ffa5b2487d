from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from gilfoyle.frontend import build as frontend
from gilfoyle.frontend.build import HLS, SCRIPTS, TUS, BuildError, build, is_built, locked_version
from tests.services import require_service

EACH = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.package)


def put_files(script, version):
    script.target.mkdir(parents=True)
    for name in script.copied.values():
        (script.target / name).write_text("x")
    (script.target / script.version_file).write_text(version + "\n")


def test_the_lock_pins_one_version_of_each_and_names_no_host():
    manifest = json.loads((frontend.HERE / "package.json").read_text())
    text = (frontend.HERE / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert manifest["dependencies"] == {one.package: locked_version(one.package) for one in SCRIPTS}
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in manifest["dependencies"].values())
    assert "resolved" not in text
    assert "://" not in re.sub(r'"(url|funding)": "[^"]+"', "", text)
    assert all(one["integrity"].startswith("sha512-") for name, one in packages.items() if name)


@EACH
def test_what_is_in_place_is_not_fetched_again(tmp_path, script):
    script = replace(script, target=tmp_path / "vendor")
    put_files(script, locked_version(script.package))
    assert is_built(script)
    assert build([script]) is False


@EACH
def test_a_missing_file_is_noticed(tmp_path, script):
    for name in (*script.copied.values(), script.version_file):
        moved = replace(script, target=tmp_path / name / "vendor")
        put_files(moved, locked_version(script.package))
        (moved.target / name).unlink()
        assert not is_built(moved)


def test_another_version_is_noticed(tmp_path):
    script = replace(HLS, target=tmp_path / "vendor")
    put_files(script, "1.2.3")
    assert not is_built(script)


def test_what_can_not_be_fetched_leaves_nothing_and_says_so(tmp_path, monkeypatch):
    failing = tmp_path / "bin"
    failing.mkdir()
    for name in ("npm", "node"):
        (failing / name).write_text("#!/bin/sh\necho 'the registry said no' >&2\nexit 1\n")
        (failing / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{failing}:/usr/bin:/bin")
    with pytest.raises(BuildError, match="the registry said no"):
        build([replace(HLS, target=tmp_path / "vendor")])
    assert not (tmp_path / "vendor").exists()


@EACH
def test_the_scripts_in_place_have_their_licences(script):
    require_service(script.package, present=is_built(script))
    _, licence = script.copied.values()
    assert re.search("Apache|MIT", (script.target / licence).read_text(encoding="utf-8"))


def test_the_player_s_script_plays_our_playlists():
    require_service("hls.js", present=is_built(HLS))
    script = (HLS.target / "hls.min.js").read_text(encoding="utf-8")
    assert locked_version("hls.js") in script
    # Sound in a playlist of its own needs the full build.
    assert "audioStreamController" in script


def test_the_uploading_script_speaks_the_protocol_of_our_server():
    require_service("tus-js-client", present=is_built(TUS))
    assert "1.0.0" in (TUS.target / "tus.min.js").read_text(encoding="utf-8")
