"""Pages of other sites around the player, and what is made for its tests: storyboards, chapters, states."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.embedded import free_port
from tests.streaming.clip import LENGTH_S, make_clip, store_image
from videos.storyboard import Storyboard

HOST_SCRIPT = """
  const frame = document.querySelector('iframe');
  window.heard = [];
  window.say = (type, facts = {}) => frame.contentWindow.postMessage({ type: 'gilfoyle:' + type, ...facts }, '*');
  addEventListener('message', (event) => { if (event.source === frame.contentWindow) window.heard.push({ ...event.data, origin: event.origin }); });
"""


def page_around(address: str, *, width: int = 640, height: int = 360) -> str:
    """HTML that frames the player and keeps what it says in `heard`; `say(type, facts)` talks to it."""
    frame = f'<iframe src="{address}" width={width} height={height} allow="autoplay; fullscreen" style="border:0">'
    return f'<!doctype html><link rel=icon href="data:,">{frame}</iframe><script>{HOST_SCRIPT}</script>'


@contextmanager
def other_site(make: Callable[[str], str]) -> Iterator[str]:
    """Serve one page from another origin, made by a function of that origin, which is given."""

    class Host(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(make(f"http://127.0.0.1:{server.server_port}").encode())

        def log_message(self, *_arguments: object) -> None:
            """Keep the tests' output quiet."""

    with ThreadingHTTPServer(("127.0.0.1", free_port()), Host) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def give_storyboard(video: Any) -> None:
    """Give a video a storyboard of two tiles on one sheet, which is its poster."""
    board = Storyboard(
        tile_width=160, tile_height=90, columns=2, rows=1, times_s=(0.0, LENGTH_S / 2), duration_s=LENGTH_S
    )
    store_image(video, "storyboard", "storyboard-000.jpg", make_clip().poster, storyboard=board.to_json())
