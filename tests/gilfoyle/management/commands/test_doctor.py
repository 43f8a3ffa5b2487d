from pathlib import Path

from tests.embedded import run_manage

UNREACHABLE = {
    "GILFOYLE_DATABASE_URL": "postgres://gilfoyle:secret@127.0.0.1:1/gilfoyle",
    "GILFOYLE_BROKER_URL": "amqp://127.0.0.1:1",
    "GILFOYLE_SECRET_KEY": "x" * 50,
}


def test_fresh_machine_is_well(tmp_path: Path) -> None:
    result = run_manage("doctor", data_dir=tmp_path / "data")
    assert result.returncode == 0, result.stdout
    lines = {line[6:18].strip(): line for line in result.stdout.splitlines()}
    assert lines["ffmpeg"].startswith("ok ")
    assert lines["storage"].startswith("ok ")
    assert lines["broker"].startswith("warn  broker")
    assert "doesn't run. Start it with `make run`" in lines["broker"]


def test_each_failure_is_a_line_with_what_to_do(tmp_path: Path) -> None:
    environment = {**UNREACHABLE, "GILFOYLE_STORAGE_PATH": "/proc/nowhere"}
    result = run_manage("doctor", data_dir=tmp_path / "data", environment=environment)
    assert result.returncode == 1
    failed = [line.split()[1] for line in result.stdout.splitlines() if line.startswith("FAIL")]
    assert failed == ["database", "broker", "storage", "free"]
    assert "Traceback" not in result.stdout + result.stderr
    assert "secret" not in result.stdout.replace("secret key", "")
    assert "Check database.url" in result.stdout
