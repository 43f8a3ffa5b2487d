"""The scheduler as a process: it sweeps, and stops when told."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.embedded import ROOT, run_manage


@pytest.mark.whole
def test_one_of_two_sweeps_until_it_is_told_to_stop_and_the_other_goes_on(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    assert run_manage("migrate", data_dir=data_dir).returncode == 0
    killed, living = (data_dir / "media" / "incoming" / name for name in ("killed", "living"))
    killed.parent.mkdir(parents=True)
    for file in (killed, living):
        file.write_bytes(b"half")
    os.utime(killed, (time.time() - 3700,) * 2)
    environment = {**os.environ, "GILFOYLE_DATA_DIR": str(data_dir), "GILFOYLE_LOG_LEVEL": "debug"}
    first, second = (
        subprocess.Popen(
            [sys.executable, "-c", SAY_WHEN_SWEPT],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    )
    with first, second:
        try:
            # Whichever was faster acts; the other says that it stands by, and takes over at once.
            acting, other = (first, second) if "scheduler_acts" in said(first) else (second, first)
            said(acting, "swept\n")
            if other is second:
                said(second)
            acting.send_signal(signal.SIGTERM)
            assert acting.wait(timeout=PATIENCE_S) == 0
            said(other, "scheduler_acts")
            other.send_signal(signal.SIGTERM)
            assert other.wait(timeout=PATIENCE_S) == 0
        finally:
            first.kill()
            second.kill()
    assert not killed.exists()
    assert living.exists()


PATIENCE_S = 60


def said(process: subprocess.Popen[str], *words: str) -> str:
    """Read what it says up to one of these words, by default of its part in the election."""
    assert process.stdout is not None
    for line in process.stdout:
        if any(word in line for word in words or ("scheduler_acts", "scheduler_stands_by")):
            return line
    raise AssertionError("It ended.")


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
