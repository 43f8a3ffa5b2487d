import subprocess
import sys

from tests.embedded import ROOT

CODE = """
import sys
from gilfoyle.lib.lean_imports import load_without
load_without("redis", "opentelemetry")
print([name for name in sys.modules if name.startswith("opentelemetry")])
import redis, opentelemetry.trace
load_without("redis", "opentelemetry")
print("opentelemetry.trace" in sys.modules)
"""


def test_redis_takes_no_traces_along_and_they_can_be_loaded_later() -> None:
    told = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.split("\n")[:2] == ["[]", "True"]
