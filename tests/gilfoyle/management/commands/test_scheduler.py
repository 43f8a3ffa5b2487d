"""The scheduler as a process: it sweeps, and stops when told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.embedded import ROOT, run_manage


def test_it_sweeps_until_it_is_told_to_stop(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    assert run_manage("migrate", data_dir=data_dir).returncode == 0
    killed, living = (data_dir / "media" / "incoming" / name for name in ("killed", "living"))
    killed.parent.mkdir(parents=True)
    for file in (killed, living):
        file.write_bytes(b"half")
    os.utime(killed, (time.time() - 3700,) * 2)
    environment = {**os.environ, "GILFOYLE_DATA_DIR": str(data_dir), "GILFOYLE_LOG_LEVEL": "debug"}
    with subprocess.Popen(
        [sys.executable, "-c", SAY_WHEN_SWEPT], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "swept\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert not killed.exists()
    assert living.exists()


# The command as it is, with a word on the screen after its first turn.
SAY_WHEN_SWEPT = """
import os, sys
os.environ.pop("GILFOYLE_DATABASE_URL", None)
os.environ["DJANGO_SETTINGS_MODULE"] = "gilfoyle.settings"
import django
django.setup()
from django.core.management import call_command
from gilfoyle.management.commands import scheduler
close = scheduler.close_old_connections
def after_turn():
    close()
    print("swept", flush=True)
scheduler.close_old_connections = after_turn
call_command("scheduler")
"""
