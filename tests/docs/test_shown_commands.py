"""Commands of pages that can't be run here, of clusters, indexes and releases: what they name is there, and `make` knows its way."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.core.management import load_command_class

from tests.deploy.rendering import find, render
from tests.docs.terminal import typed_in
from tests.embedded import ROOT
from tests.house.pages import block, blocks
from tests.services import require_service
from tests.upgrade.keep import load

KEEP = "docs/release.md#steps/console/3"


def commands_of(address: str) -> list[list[str]]:
    """Return the commands of a block as the words that a shell makes of them."""
    return [
        shlex.split(typed.command.replace("\\\n", ""), comments=True) for typed in typed_in(blocks()[address])
    ]


def planned(*words: str) -> str:
    """Return what make would do, where all is installed."""
    require_service("make", present=shutil.which("make") is not None)
    installed = [option for name in ("install", "install-tests", "player") for option in ("-o", name)]
    unasked = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(
        ["make", "-n", *installed, *words], cwd=ROOT, env=unasked, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "address", ["README.md#first-run/console", "docs/start.md#five-minutes-to-the-first-play/console"]
)
def test_make_run_ends_with_what_the_journeys_start(address: str) -> None:
    ((make, *words),) = commands_of(address)
    assert make == "make"
    assert planned(*words).strip() == "exec .venv/bin/python manage.py up"


@pytest.mark.parametrize(
    ("address", "does"),
    [
        ("docs/release.md#steps/console", "pip-audit --strict"),
        ("docs/release.md#steps/console/4", "-m tests.release.sbom build/release/"),
    ],
)
def test_make_knows_the_steps_of_a_release(address: str, does: str) -> None:
    ((make, *words),) = commands_of(address)
    assert make == "make"
    assert does in planned(*words)


def test_what_is_made_of_the_version_is_written_by_these() -> None:
    """That nothing is stale, tests/house/test_openapi.py and test_release.py say."""
    (python, script, name, *given), (make, *words) = commands_of("docs/release.md#steps/console/2")
    assert (python, script, make) == (".venv/bin/python", "manage.py", "make")
    parser = load_command_class("gilfoyle", name).create_parser(script, name)
    assert parser.parse_args(given).write is True
    assert "-m tests.release.licences" in planned(*words)


@pytest.mark.whole
@pytest.mark.once
def test_a_database_is_kept(tmp_path: Path) -> None:
    (typed,) = typed_in(block(KEEP))
    python, *words, file = shlex.split(typed.command)
    kept = tmp_path / Path(file).name
    assert python == ".venv/bin/python"
    assert Path(file).parent == Path("tests/upgrade/kept")
    done = subprocess.run(
        [sys.executable, *words, str(kept)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    load(kept, tmp_path / "kept.sqlite3")
    with closing(sqlite3.connect(tmp_path / "kept.sqlite3")) as connection:
        titles = connection.execute("SELECT title FROM videos_video").fetchall()
    assert ("The harbour",) in titles


def test_the_image_takes_the_arguments_of_its_build() -> None:
    _, build = commands_of("docs/release.md#the-image-the-same-again/console")
    file = (ROOT / build[build.index("-f") + 1]).read_text(encoding="utf-8")
    given = [build[at + 1] for at, word in enumerate(build) if word == "--build-arg"]
    assert given
    assert all(re.search(rf"^ARG {name}\b", file, re.MULTILINE) for name in given)


def test_what_traces_need_is_locked() -> None:
    (words,) = commands_of("docs/observability.md#traces/text")
    assert words[:2] == [".venv/bin/pip", "install"]
    locked = (ROOT / words[-1]).read_text(encoding="utf-8")
    assert locked.count("==") <= locked.count("--hash=sha256:")


def test_tables_with_keys_are_left_out_of_one_dump_and_in_the_other() -> None:
    shown = blocks()["docs/encryption.md#deleting-backups-and-losing-the-key/text"].text
    tables = {model._meta.db_table for model in apps.get_models()}
    without, alone = (re.findall(rf"--{option}=(\w+)", shown) for option in ("exclude-table-data", "table"))
    assert without == alone
    assert set(alone) == {table for table in tables if re.search(r"(source|content|track)key$", table)}


def test_compose_is_told_of_services_that_it_has() -> None:
    copied, *docker = commands_of("docs/deployment.md#one-host-with-compose/console")
    assert (copied[0], (ROOT / copied[1]).is_file(), copied[2]) == ("cp", True, "docker/.env")
    services = yaml.safe_load((ROOT / "docker/compose.yaml").read_text(encoding="utf-8"))["services"]
    for words in docker:
        assert words[:4] == ["docker", "compose", "-f", "docker/compose.yaml"]
        assert {word.partition("=")[0] for word in words if "=" in word} | set(words) & set(services)
    assert [word.split("=")[0] for words in docker for word in words if "=" in word] == ["worker"]
    run = [words[words.index("web") + 1 :] for words in docker if "web" in words]
    assert [one[0] for one in run] == ["createsuperuser", "create_api_key", "/app/docker/entrypoint.sh"]


@pytest.mark.parametrize(
    "address",
    ["docs/deployment.md#a-cluster-with-kubernetes/console", "docs/deployment.md#upgrade/console"],
)
def test_kubectl_is_told_of_what_the_manifests_have(address: str) -> None:
    kinds = {"job": "Job", "deploy": "Deployment"}
    manifests = render("s3")
    named = 0
    for words in commands_of(address):
        assert words[0] == "kubectl"
        text = " ".join(words)
        for kind, name in re.findall(r"(?<!\S)(job|deploy)[/ ](\w+)(?!/)\b", text):
            named += find(manifests, kinds[kind], name) is not None
        if "--namespace" in words:
            assert find(manifests, "Namespace", words[words.index("--namespace") + 1])
        if "apply" in words:
            assert (ROOT / words[-1]).parent == ROOT / "deploy/kubernetes/overlays"
    assert named >= 3


def test_the_script_for_curl_says_what_is_shown() -> None:
    (typed,) = typed_in(blocks()["docs/direct-uploads.md#by-curl/console"])
    setting, script, film = typed.command.split()
    text = (ROOT / script).read_text(encoding="utf-8")
    assert (setting.partition("=")[0], film) == ("DIRECT_URL", "clip.mp4")
    upload_id, part, status = typed.answer.splitlines()
    assert upload_id.startswith("upl_")
    assert f'echo "{part.replace("1", "$number")}"' in text
    assert status in {"finished", "verifying"}
