import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from gilfoyle.child_plans import plan_children
from gilfoyle.lib.config import ENVIRONMENT, SETTINGS_VARIABLE, Config, load_config
from tests.embedded import ROOT
from tests.services import require_service

DOCKER = ROOT / "docker"
OURS = ("web", "worker", "scheduler", "migrate")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    return document


def test_no_secret_has_a_default() -> None:
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    used = dict(re.findall(r"\$\{(\w+)(:?.)", text))
    secret = {name for name in used if "PASSWORD" in name or "SECRET" in name}
    assert secret == {"GILFOYLE_SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD"}
    assert {used[name] for name in secret} == {":?"}


def test_example_names_every_required_variable_and_fills_in_none() -> None:
    text = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
    required = set(re.findall(r"\$\{(\w+):\?", text))
    lines = (DOCKER / "compose.env.example").read_text(encoding="utf-8").splitlines()
    assert {line for line in lines if line and not line.startswith("#")} == {f"{name}=" for name in required}


def test_variables_of_our_services_are_known(compose: dict[str, Any]) -> None:
    for name in OURS:
        unknown = set(compose["services"][name]["environment"]) - {*ENVIRONMENT, SETTINGS_VARIABLE}
        assert not unknown


def test_its_settings_are_right(compose: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "settings.yaml"
    path.write_text(compose["configs"]["settings"]["content"], encoding="utf-8")
    environment = {
        "GILFOYLE_DATABASE_URL": "postgres://u:p@database:5432/g",
        "GILFOYLE_BROKER_URL": "redis://:p@broker:6379/0",
    }
    assert load_config(path, environment).playback.delivery == "x_accel"


def test_further_variables_are_known_and_not_given() -> None:
    lines = (DOCKER / "more.env.example").read_text(encoding="utf-8").splitlines()
    named = [line for line in lines if line and not line.startswith("#")]
    assert named
    assert all(line.endswith("=") and line[:-1] in ENVIRONMENT for line in named)


def test_servers_to_try_are_off_unless_asked_for(compose: dict[str, Any]) -> None:
    services = compose["services"]
    profiles = {name: service["profiles"] for name, service in services.items() if "profiles" in service}
    assert profiles == {"rabbitmq": ["rabbitmq"], "store": ["s3"], "ipfs": ["ipfs"]}
    for name in profiles:
        assert services[name]["networks"] == ["inside"]
        assert not any(name in service.get("depends_on", ()) for service in services.values())


def test_settings_for_the_other_stores_are_right(compose: dict[str, Any], tmp_path: Path) -> None:
    content: str = compose["configs"]["settings"]["content"]
    meant = [line.strip().removeprefix("#   ") for line in content.splitlines() if "#   " in line]
    for storage in (line for line in meant if line.startswith("storage:")):
        path = tmp_path / "settings.yaml"
        path.write_text(f"{storage}\n{meant[-1]}\n", encoding="utf-8")
        config = load_config(
            path, {"GILFOYLE_S3_ACCESS_KEY_ID": "id", "GILFOYLE_S3_SECRET_ACCESS_KEY": "key"}
        )
        assert config.playback.delivery == "direct"
        assert config.storage.backend in storage


def test_roles_are_those_of_the_entry_point(compose: dict[str, Any]) -> None:
    script = (DOCKER / "entrypoint.sh").read_text(encoding="utf-8")
    for name in OURS:
        assert compose["services"][name]["command"] == [name]
        assert re.search(rf"^(\w+ \| )?{name}( \| \w+)?\)$", script, re.MULTILINE)


def test_only_nginx_can_be_reached_from_outside(compose: dict[str, Any]) -> None:
    assert [name for name, service in compose["services"].items() if "ports" in service] == ["nginx"]
    for name in ("database", "broker"):
        assert compose["services"][name]["networks"] == ["inside"]
    assert compose["networks"]["inside"]["internal"] is True


def test_what_works_on_strangers_files_has_no_way_out(compose: dict[str, Any]) -> None:
    reaching_out = {name for name, service in compose["services"].items() if "outside" in service["networks"]}
    assert reaching_out == {"nginx", "web"}


def test_a_worker_runs_every_pool() -> None:
    script = (DOCKER / "entrypoint.sh").read_text(encoding="utf-8")
    only = re.search(r"--only ([a-z ]+) ", script)
    pools = [plan.name for plan in plan_children(Config(), cores=1) if "--queues" in plan.argv]
    assert only is not None
    assert only[1].split() == pools


def test_our_processes_have_no_more_rights_than_they_need(compose: dict[str, Any]) -> None:
    for name in (*OURS, "nginx"):
        service = compose["services"][name]
        assert service["cap_drop"] == ["ALL"]
        assert service["read_only"] is True
    last_stage = (DOCKER / "Dockerfile").read_text(encoding="utf-8").rsplit("\nFROM ", 1)[1]
    assert "USER 10001:10001" in last_stage


def test_image_holds_what_it_copies() -> None:
    ignored = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    for line in (DOCKER / "Dockerfile").read_text(encoding="utf-8").splitlines():
        copied = re.fullmatch(r"COPY ((?:[^-]\S* )+)\S+", line)
        for source in copied[1].split() if copied else []:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored or f"!{source.split('/')[0]}" in ignored, source


@pytest.mark.parametrize("script", ["docker/entrypoint.sh", "docs/direct-upload.sh", ".ci/run"])
def test_shell_scripts_are_sound(script: str) -> None:
    program = shutil.which("shellcheck")
    require_service("shellcheck", present=program is not None)
    assert program is not None
    result = subprocess.run([program, str(ROOT / script)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout
