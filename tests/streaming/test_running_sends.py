from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from gilfoyle.lib import storage
from streaming.addresses import VideoAddress
from streaming.errors import PlaybackRefused, PlaybackUnavailable, VideoRestricted
from streaming.gate import Site, Wish
from streaming.running_sends import MAX_UNKNOWN_S, RunningSends, cut
from tests.streaming.clip import store_video
from tests.streaming.conftest import folder_of
from tests.streaming.web_process import web_process
from videos import layout

WISH = Wish(VideoAddress("t" * 54, "p" * 12, "vid_" + "a" * 18, "R" * 16))
PATIENCE_S = 60


class House:
    """A register with a clock and an answer of its own."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.answer: PlaybackRefused | PlaybackUnavailable | None = None
        self.asked: list[tuple[Wish, Site, float]] = []
        self.sends = RunningSends(self._ask, clock=lambda: self.now_s)

    def _ask(self, wish, site, asked_at_s):
        self.asked.append((wish, site, asked_at_s))
        if self.answer is not None:
            raise self.answer

    def begin(self, connection):
        return self.sends.begin(connection, WISH, Site(), 1_700_000_000.0)


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """A connection of ours, and a client's end of it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        theirs = socket.create_connection(listener.getsockname())
        ours, _ = listener.accept()
    theirs.settimeout(PATIENCE_S)
    with ours, theirs:
        yield ours, theirs


def is_open(connection: socket.socket) -> bool:
    try:
        return connection.send(b"x") == 1
    except OSError:
        return False


def test_a_send_that_is_no_longer_allowed_loses_its_connection(pair):
    house = House()
    house.begin(pair[0])
    assert house.sends.look_again() == 0
    assert is_open(pair[0])
    house.answer = VideoRestricted("held")
    assert house.sends.look_again() == 1
    assert not is_open(pair[0])
    assert len(house.sends) == 0
    # With the time that it was asked at, so that the end of a token is none of a send.
    assert house.asked == [(WISH, Site(), 1_700_000_000.0)] * 2


def test_a_send_that_is_over_is_not_cut_with_whatever_its_connection_does_next(pair):
    house = House()
    end = house.begin(pair[0])
    end()
    house.answer = VideoRestricted("held")
    assert house.sends.look_again() == 0
    again = house.begin(pair[0])

    def end_just_now(*_args):
        again()
        raise VideoRestricted("held")

    house.sends._ask_again = end_just_now
    assert house.sends.look_again() == 0
    assert is_open(pair[0])


def test_without_facts_a_send_goes_on_for_a_while_and_no_longer(pair):
    house = House()
    house.begin(pair[0])
    house.answer = PlaybackUnavailable("x")
    house.now_s = MAX_UNKNOWN_S - 0.1
    assert house.sends.look_again() == 0
    house.answer = None
    house.sends.look_again()
    house.answer = PlaybackUnavailable("x")
    house.now_s = 2 * MAX_UNKNOWN_S - 0.2
    assert house.sends.look_again() == 0
    assert is_open(pair[0])
    house.now_s = 2 * MAX_UNKNOWN_S
    assert house.sends.look_again() == 1
    assert not is_open(pair[0])


def test_a_server_without_connections_has_none_to_cut():
    house = House()
    house.begin(None)()
    house.begin(None)
    assert len(house.sends) == 0


def wait_for_the_end(connection: socket.socket) -> None:
    """Wait, without reading, until the other side has broken off."""
    poll = select.poll()
    poll.register(connection, 0)  # errors and hang-ups are always told
    assert poll.poll(PATIENCE_S * 1000)


def read_to_the_end(connection: socket.socket) -> int:
    """Return how many more bytes came."""
    received = 0
    with suppress(ConnectionResetError):
        while data := connection.recv(65536):
            received += len(data)
    return received


def test_what_the_kernel_still_holds_is_thrown_away(pair):
    ours, theirs = pair
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    ours.setblocking(False)
    sent = 0
    with suppress(BlockingIOError):
        while True:
            sent += ours.send(bytes(65536))
    cut(ours)
    ours.close()
    wait_for_the_end(theirs)
    assert read_to_the_end(theirs) < sent


def test_cutting_what_is_gone_already_is_no_fault(pair):
    pair[0].close()
    cut(pair[0])


@pytest.mark.django_db(transaction=True)
def test_a_slow_client_of_the_real_server_gets_no_more_once_the_video_is_restricted(tmp_path, mint):
    video = store_video()
    size_bytes = 64 * 1024 * 1024  # more than all buffers on the way hold
    folder = layout.rendition_folder(video.project_id, video.pk, video.revision, "v240")
    storage.delete(layout.segment_name(folder, 0))
    storage.save_bytes(layout.segment_name(folder, 0), bytes(size_bytes))
    path = folder_of(video, mint(video)) + "v240/00000.m4s"
    with web_process(tmp_path) as web, socket.socket() as client:
        host, port = web.url.removeprefix("http://").split(":")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        client.settimeout(PATIENCE_S)
        client.connect((host, int(port)))
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert client.recv(12) == b"HTTP/1.1 200"
        video.restriction = "restricted"
        video.save()
        wait_for_the_end(client)
        assert read_to_the_end(client) < size_bytes
        log = web.log.read_text(errors="replace")
    assert "Traceback" not in log
