"""What `up` decides before anything runs; `tests/journeys/test_supervision.py` has it running."""

from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings

from gilfoyle.child_plans import plan_children
from gilfoyle.lib.config import load_config
from gilfoyle.management.commands.up import Command, _child_environment
from tests.embedded import run_manage


def test_parts_alone_need_a_broker_that_others_reach(tmp_path: Path) -> None:
    result = run_manage("up", "--only", "work", data_dir=tmp_path / "data")
    assert result.returncode == 1
    assert "Parts alone can't use the embedded broker. Set broker.url" in result.stderr


def test_unknown_part_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    result = run_manage("up", "--only", "cook", data_dir=tmp_path / "data")
    assert result.returncode == 2
    assert "choose from 'web', 'work', 'encode', 'package', 'scheduler'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("--only", "package", "--queues", "probe"),
            "No work of probe is done by package. Name another part",
        ),
        (("--queues", "probe"), "All of Gilfoyle takes work of all queues. Name the parts"),
    ],
)
def test_queues_that_nobody_here_takes_are_told(
    tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    environment = {"GILFOYLE_BROKER_URL": "redis://127.0.0.1:1/0"}
    result = run_manage("up", *arguments, data_dir=tmp_path / "data", environment=environment)
    assert result.returncode == 1
    assert f"Gilfoyle can't start. {said}" in result.stderr


def test_database_that_is_away_ends_it_with_one_line(tmp_path: Path) -> None:
    environment = {
        "GILFOYLE_DATABASE_URL": "postgres://g:hunter2@127.0.0.1:1/g",
        "GILFOYLE_SECRET_KEY": "x" * 50,
    }
    result = run_manage("up", data_dir=tmp_path / "data", environment=environment)
    assert result.returncode == 1
    assert "Gilfoyle can't start. The database refused: " in result.stderr
    assert "Traceback" not in result.stderr
    assert "hunter2" not in result.stderr


def test_a_store_that_can_t_work_ends_it_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "media").write_bytes(b"no folder")
    environment = {"GILFOYLE_STORAGE_PATH": str(tmp_path / "media")}
    result = run_manage("up", data_dir=tmp_path / "data", environment=environment)
    assert result.returncode == 1
    assert "Gilfoyle can't start. The media store main can't be used: " in result.stderr
    assert "Traceback" not in result.stderr


def test_children_get_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("", encoding="utf-8")
    monkeypatch.setenv("GILFOYLE_SETTINGS", "own.yaml")
    config = load_config(None, {"GILFOYLE_DATA_DIR": "kept", "GILFOYLE_STORAGE_PATH": "films"})
    environment = _child_environment(config)
    assert environment["GILFOYLE_SETTINGS"] == str(tmp_path / "own.yaml")
    assert environment["GILFOYLE_DATA_DIR"] == str(tmp_path / "kept")
    assert environment["GILFOYLE_STORAGE_PATH"] == str(tmp_path / "films")


def test_a_start_without_ffmpeg_says_what_uploads_would_fail_of() -> None:
    encoding = settings.GILFOYLE.encoding.model_copy(update={"ffmpeg": "/opt/gone/ffmpeg"})
    config = settings.GILFOYLE.model_copy(update={"encoding": encoding})
    plans = plan_children(config, cores=1)
    for told, warned in ((plans, True), (plans[:1], False)):
        out = StringIO()
        Command(stdout=out)._warn_without_ffmpeg(config, told)
        assert (
            "There is no program /opt/gone/ffmpeg. Set encoding.ffmpeg to auto" in out.getvalue()
        ) is warned
