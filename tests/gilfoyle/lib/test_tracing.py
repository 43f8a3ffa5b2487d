import builtins
import subprocess
import sys
from threading import Event
from typing import Any

import pytest

from gilfoyle.lib.tracing import Tracing, tracing
from tests.captured_logs import logging_as
from tests.collector import attributes_of, collecting
from tests.embedded import ROOT


def test_without_a_collector_nothing_is_done_or_loaded() -> None:
    assert not tracing.begin("", ratio=1, part="tests")
    with tracing.span("work", video_id="vid_1") as span:
        span.set("more", 1)
        span.rename("other")
        assert tracing.parent_here() == ""
    code = (
        "import sys, gilfoyle.lib.tracing; print([n for n in sys.modules if n.startswith('opentelemetry')])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


def test_work_elsewhere_hangs_below_where_it_began() -> None:
    with collecting() as collector:
        with tracing.span("request"):
            parent = tracing.parent_here()
        with tracing.span("step", parent=parent, video_id="vid_1", attempt=2) as span:
            span.set("gilfoyle.outcome", "done")
    spans = collector.spans
    assert spans["step"].trace_id == spans["request"].trace_id
    assert spans["step"].parent_span_id == spans["request"].span_id
    assert attributes_of(spans["step"]) == {
        "gilfoyle.video_id": "vid_1",
        "gilfoyle.attempt": 2,
        "gilfoyle.outcome": "done",
    }


def test_no_process_waits_with_its_end_for_a_collector_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gilfoyle.lib.tracing.LAST_S", 0.01)
    traces, is_asked = Tracing(), Event()
    assert traces.begin("http://127.0.0.1:1/v1/traces", ratio=1, part="tests")
    assert traces._provider is not None
    provider, end = traces._provider, Event()

    def wait() -> None:
        is_asked.set()
        end.wait()

    monkeypatch.setattr(provider, "shutdown", wait)
    traces.end()
    assert is_asked.wait(60)
    assert not traces.is_on
    end.set()
    monkeypatch.undo()
    provider.shutdown()


@pytest.mark.parametrize("parent", ["", "00-x-y-01", "00-" + "0" * 32 + "-" + "0" * 16 + "-01\n", "01-a"])
def test_a_parent_that_is_none_begins_a_trace(parent: str) -> None:
    with collecting() as collector, tracing.span("step", parent=parent):
        pass
    assert collector.spans["step"].parent_span_id == b""


def test_what_is_not_sampled_is_not_sampled_elsewhere_either() -> None:
    with collecting(ratio=0.0) as collector:
        with tracing.span("request"):
            parent = tracing.parent_here()
        assert not int(parent[-2:], 16) & 1
        with tracing.span("step", parent=parent):
            pass
    assert collector.bodies == []


def test_of_an_error_the_kind_alone_is_told() -> None:
    with collecting() as collector, pytest.raises(ValueError, match="secret"), tracing.span("step"):
        raise ValueError("secret of a file")
    span = collector.spans["step"]
    assert attributes_of(span) == {"error.type": "ValueError"}
    assert not span.events
    assert b"secret" not in b"".join(collector.bodies)


def test_without_its_packages_the_log_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def refuse(name: str, *args: Any, **options: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ImportError(name)
        return load(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with logging_as() as written:
        assert not Tracing().begin("http://127.0.0.1:1/v1/traces", ratio=1, part="tests")
    assert "gilfoyle/observability/requirements.lock" in written.getvalue()
