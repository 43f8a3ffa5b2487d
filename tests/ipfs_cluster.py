"""A stand-in for the REST API of IPFS Cluster, by its contract alone; the real one is tried where the tests are given one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.ipfs import cluster_url


class _Api(BaseHTTPRequestHandler):
    """Pins by name in memory: `GET` tells of a pin that was never made as the real one does, 200 and "unpinned"."""

    pinned: set[str]

    def do_POST(self) -> None:
        self.pinned.add(self.cid)
        self._answer(200, {"cid": self.cid})

    def do_DELETE(self) -> None:
        known = self.cid in self.pinned
        self.pinned.discard(self.cid)
        self._answer(
            200 if known else 404, {"cid": self.cid} if known else {"code": 404, "message": "not found"}
        )

    def do_GET(self) -> None:
        if self.path == "/version":
            self._answer(200, {"version": "stand-in"})
            return
        status = "pinned" if self.cid in self.pinned else "unpinned"
        self._answer(200, {"cid": self.cid, "peer_map": {"peer": {"status": status}}})

    @property
    def cid(self) -> str:
        return self.path.rpartition("/")[2]

    def _answer(self, status: int, body: dict[str, object]) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_given: object) -> None:
        """Say nothing."""


@contextmanager
def some_cluster() -> Iterator[str]:
    """Give the address of the cluster that the tests were given, else of a stand-in."""
    if cluster_url():
        yield cluster_url()
        return
    handler = type("Api", (_Api,), {"pinned": set()})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
