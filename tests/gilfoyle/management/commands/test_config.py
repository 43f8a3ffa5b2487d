import json
import os
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command

from tests.embedded import run_manage


def manage(tmp_path: Path, *argv: str, text: str = "", **environ: str) -> tuple[int, str, str]:
    path = tmp_path / "settings.yaml"
    path.write_text(text, encoding="utf-8")
    result = run_manage(
        *argv, data_dir=tmp_path / "data", port=8000, environment={"GILFOYLE_SETTINGS": str(path), **environ}
    )
    return result.returncode, result.stdout, result.stderr


def test_show_prints_what_is_in_force(tmp_path: Path) -> None:
    code, out, _err = manage(
        tmp_path, "config", "show", text="server: {threads: 3}", GILFOYLE_LOG_LEVEL="error"
    )
    shown = yaml.safe_load(out)
    assert code == 0
    assert (shown["server"]["threads"], shown["observability"]["log_level"]) == (3, "error")


def test_check_names_the_file(tmp_path: Path) -> None:
    assert manage(tmp_path, "config", "check") == (0, f"{tmp_path}/settings.yaml: ok\n", "")


def test_check_of_a_wrong_file_is_one_line_and_code_1(tmp_path: Path) -> None:
    code, out, err = manage(tmp_path, "config", "check", text="server: {prot: 1}")
    assert (code, out) == (1, "")
    assert (
        err
        == f"Wrong setting. {tmp_path}/settings.yaml: server.prot is not a known key. Did you mean `port`?\n"
    )


def test_schema_is_printed_even_when_the_settings_are_wrong(tmp_path: Path) -> None:
    code, out, _err = manage(tmp_path, "config", "schema", text="server: {prot: 1}")
    assert code == 0
    assert json.loads(out)["title"] == "Gilfoyle settings"


def test_no_command_shows_a_traceback_for_a_wrong_setting(tmp_path: Path) -> None:
    for command in ("check", "doctor", "up", "migrate"):
        code, _out, err = manage(tmp_path, command, text="server: {threads: x}")
        assert code == 1
        assert err.count("\n") == 1
        assert "server.threads must be a whole number, found 'x'" in err


def test_missing_file_is_an_error(tmp_path: Path) -> None:
    result = run_manage(
        "config",
        "show",
        data_dir=tmp_path,
        environment={"GILFOYLE_SETTINGS": os.fspath(tmp_path / "no.yaml")},
    )
    assert result.returncode == 1
    assert "names a file that does not exist" in result.stderr


def test_config_makes_nothing(tmp_path: Path) -> None:
    manage(tmp_path, "config", "show")
    assert not (tmp_path / "data").exists()


def test_a_stale_reference_is_told_and_written_anew(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "settings.md"
    page.parent.mkdir()
    with pytest.raises(CommandError, match="config reference --write"):
        call_command("config", "reference", "--folder", str(tmp_path))
    assert not page.exists()
    call_command("config", "reference", "--write", "--folder", str(tmp_path))
    assert "### server.port" in page.read_text(encoding="utf-8")
    call_command("config", "reference", "--folder", str(tmp_path))
