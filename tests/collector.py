"""A collector of traces on the loopback address, as OpenTelemetry's exporters speak to one."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from gilfoyle.lib.tracing import tracing


class Collector:
    """What arrived: the spans, and the very bytes."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    @property
    def spans(self) -> dict[str, Any]:
        """Return the spans by name."""
        found: dict[str, Any] = {}
        for body in self.bodies:
            message = ExportTraceServiceRequest.FromString(body)
            for resource in message.resource_spans:
                found |= {span.name: span for scope in resource.scope_spans for span in scope.spans}
        return found


def attributes_of(span: Any) -> dict[str, Any]:
    """Return a span's attributes."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


@contextmanager
def collecting(*, ratio: float = 1.0) -> Iterator[Collector]:
    """Trace what is done meanwhile; what was noted has arrived when it is left."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_packed = self.headers.get("Content-Encoding") == "gzip"
            collector.bodies.append(gzip.decompress(body) if is_packed else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        assert tracing.begin(f"http://127.0.0.1:{server.server_port}/v1/traces", ratio=ratio, part="tests")
        yield collector
    finally:
        tracing.end()
        server.shutdown()
        thread.join()
        server.server_close()
