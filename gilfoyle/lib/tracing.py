"""Traces by OpenTelemetry, where the settings name a collector: from an API request to each step of the work it began.

Without one nothing is loaded, and a span costs next to nothing. Spans have ids of ours, templates of addresses, kinds,
codes and numbers: no path as it came, no header, no body, nothing of viewers, who are not traced at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Protocol

import structlog

from gilfoyle import __version__

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

Value = str | int | float | bool
EXPORT_S = 5.0
LAST_S = 1.5
INSTALL_HINT = (
    "Install it: pip install --require-hashes --no-deps -r gilfoyle/observability/requirements.lock"
)
_PARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", re.ASCII)
log = structlog.get_logger(__name__)


class Attributes(Protocol):
    """What more is found out about a piece of work while it lasts."""

    def set(self, name: str, value: Value) -> None: ...
    def rename(self, name: str) -> None: ...


class _Nothing:
    def set(self, name: str, value: Value) -> None:
        """Forget it."""

    def rename(self, name: str) -> None:
        """Forget it."""


class _Recorded:
    def __init__(self, span: Span) -> None:
        self._span = span

    def set(self, name: str, value: Value) -> None:
        self._span.set_attribute(name, value)

    def rename(self, name: str) -> None:
        self._span.update_name(name)


class Tracing:
    """The tracing of a process: off until it is begun."""

    def __init__(self) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: Tracer | None = None

    @property
    def is_on(self) -> bool:
        return self._tracer is not None

    def begin(self, endpoint: str, *, ratio: float, part: str) -> bool:
        """Send spans to `endpoint` from now on, this share of traces; `part` names the kind of process."""
        if self.is_on or not endpoint:
            return self.is_on
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra, and slow to load
                OTLPSpanExporter,
            )
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - the same
            from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - the same
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - the same
            from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased  # noqa: PLC0415 - the same
        except ImportError as error:
            log.warning("traces_not_sent", error=str(error), hint=INSTALL_HINT)
            return False
        resource = Resource(
            {"service.name": "gilfoyle", "service.version": __version__, "service.component": part}
        )
        provider = TracerProvider(
            resource=resource, sampler=ParentBased(TraceIdRatioBased(ratio)), shutdown_on_exit=False
        )
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_S)))
        self._provider, self._tracer = provider, provider.get_tracer("gilfoyle")
        return True

    def end(self) -> None:
        """Send what is left, for a moment at most, and send nothing more."""
        provider, self._provider, self._tracer = self._provider, None, None
        if provider is not None:
            # A collector that is gone is asked again and again: no process waits with its end for that.
            last = Thread(target=provider.shutdown, name="last-spans", daemon=True)
            last.start()
            last.join(LAST_S)

    @contextmanager
    def span(self, name: str, *, parent: str = "", **attributes: Value) -> Iterator[Attributes]:
        """Note how long a piece of work takes, below the one it belongs to: `parent`, else this thread's present one."""
        if self._tracer is None:
            yield _Nothing()
            return
        from opentelemetry.trace import StatusCode  # noqa: PLC0415 - loaded by begin

        named = {f"gilfoyle.{key}": value for key, value in attributes.items()}
        # What an error says may be anything: its kind alone is told.
        with self._tracer.start_as_current_span(
            name,
            context=_context_of(parent),
            attributes=named,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield _Recorded(span)
            except BaseException as error:
                span.set_status(StatusCode.ERROR)
                span.set_attribute("error.type", type(error).__name__)
                raise

    def parent_here(self) -> str:
        """Return what names this thread's present span for work that is done elsewhere; "" where there is none."""
        if self._tracer is None:
            return ""
        from opentelemetry.trace import get_current_span  # noqa: PLC0415 - loaded by begin

        context = get_current_span().get_span_context()
        if not context.is_valid:
            return ""
        return f"00-{context.trace_id:032x}-{context.span_id:016x}-{int(context.trace_flags):02x}"


def _context_of(parent: str) -> Context | None:
    found = _PARENT.fullmatch(parent)
    if found is None:
        return None
    from opentelemetry.trace import (  # noqa: PLC0415 - loaded by begin
        NonRecordingSpan,
        SpanContext,
        TraceFlags,
        set_span_in_context,
    )

    trace_id, span_id, flags = (int(part, 16) for part in found.groups())
    return set_span_in_context(
        NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags)))
    )


tracing = Tracing()
