"""README.md and what other pages type into a terminal, against a running Gilfoyle: from the page, one command after the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from tests.clips import make_clip
from tests.docs.terminal import Terminal, read_json, read_objects, typed_in
from tests.embedded import Gilfoyle, free_port, running_gilfoyle, wait_until
from tests.file_server import FileServer, Offer, file_server
from tests.house.pages import block
from tests.journeys.consumer import create_video, video, wait_until_ready

pytestmark = [pytest.mark.embedded, pytest.mark.once]
ARRIVED_BYTES = 1_000_000  # of the upload that broke off, as README.md has it
LADDER = [{"width": 426, "height": 240, "crf": 30, "max_bitrate_bps": 450000}]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A film that is somewhat longer than what had arrived: what follows its index is room for later."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    film = make_clip(path, duration_s=1, size=(160, 90)).read_bytes()
    free = ARRIVED_BYTES + 100_000
    return film + (free + 8).to_bytes(4, "big") + b"free" + bytes(free)


@pytest.fixture(scope="module")
def files(clip: bytes) -> Iterator[FileServer]:
    """The server of README.md's `files.example.com`."""
    with file_server(**{"clip.mp4": Offer(clip)}) as server:
        yield server


@pytest.fixture(scope="module")
def receiver_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def gilfoyle(
    tmp_path_factory: pytest.TempPathFactory, files: FileServer, receiver_port: int
) -> Iterator[Gilfoyle]:
    """A Gilfoyle with the settings of the guide to webhooks, whose files come from this machine."""
    folder = tmp_path_factory.mktemp("pages")
    shown = block("docs/guides/webhooks.md#on-your-own-machine/yaml").text.replace("3000", str(receiver_port))
    told = yaml.safe_load(shown)
    told["imports"] = {"private_networks": ["127.0.0.1/32"], "ports": [files.port]}
    told["encoding"] = {"preset": "ultrafast", "ladder": LADDER}
    settings = folder / "settings.yaml"
    settings.write_text(yaml.safe_dump(told))
    with running_gilfoyle(folder, environment={"GILFOYLE_SETTINGS": str(settings)}) as running:
        yield running


@pytest.fixture
def terminal(
    gilfoyle: Gilfoyle, files: FileServer, clip: bytes, receiver_port: int, tmp_path: Path
) -> Iterator[Terminal]:
    (tmp_path / "clip.mp4").write_bytes(clip)
    given = {
        "http://127.0.0.1:8000": gilfoyle.base_url,
        "gfk_…": gilfoyle.api_key,
        "https://files.example.com": files.url(""),
        "127.0.0.1:3000": f"127.0.0.1:{receiver_port}",
    }
    with Terminal(tmp_path, given=given, environment=gilfoyle.environment) as one:
        yield one


def begin(terminal: Terminal) -> None:
    terminal.type_block(block("docs/start.md#send-a-video/console"))


def test_a_video_is_made_sent_followed_and_played(terminal: Terminal, gilfoyle: Gilfoyle) -> None:
    """The first run of README.md."""
    code = block("README.md#first-run/console/2")
    commands = [typed.command for typed in typed_in(code)]
    assert len(commands) == 8
    terminal.type(commands[0]), terminal.type(commands[1])
    made = read_json(terminal.type(commands[2]))
    assert (made["title"], made["status"]) == ("My clip", "awaiting_upload")
    terminal.type(commands[3])
    assert terminal.type("echo $ID").strip() == made["id"]
    assert read_json(terminal.type(commands[4]))["status"] == "processing"
    other = create_video(gilfoyle.client)  # it has its file already
    fetched = read_json(terminal.type(commands[5].replace("$ID", other)))
    assert (fetched["video_id"], fetched["source_url"]) == (
        other,
        terminal.fill("https://files.example.com/clip.mp4"),
    )
    wait_until_ready(gilfoyle.client, made["id"])
    followed = read_json(terminal.type(commands[6]))
    assert (followed["playable"], followed["status"]) == (True, "ready")
    played = read_json(terminal.type(commands[7]))
    assert {httpx.get(played[name]).status_code for name in ("embed_url", "hls_url")} == {200}
    assert wait_until_ready(gilfoyle.client, other)["source_cleaning"] == followed["source_cleaning"]


def test_an_upload_goes_on_where_it_broke_off(terminal: Terminal, gilfoyle: Gilfoyle, clip: bytes) -> None:
    begin(terminal)
    begun, asked, gone_on = typed_in(block("README.md#uploads-that-go-on-where-they-broke-off/console"))
    said = terminal.type(begun.command)
    location = re.search(r"^location: (\S+)", said, re.MULTILINE | re.IGNORECASE)
    assert location
    assert location[1].startswith(("tus/upl_", f"{gilfoyle.base_url}/api/v1/uploads/tus/upl_")), said
    url = f"{gilfoyle.base_url}/api/v1/uploads/{location[1][location[1].index('tus/') :]}"
    sent = {"Tus-Resumable": "1.0.0", "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    gilfoyle.client.patch(url, content=clip[:ARRIVED_BYTES], headers=sent)  # and then it broke off
    assert f"upload-offset: {ARRIVED_BYTES}\n" in terminal.type(asked.command).lower().replace("\r", "")
    ended = terminal.type(gone_on.command)
    assert " 204 " in ended.splitlines()[0]
    assert f"upload-offset: {len(clip)}" in ended.lower()


def test_an_address_for_a_browser_is_made(terminal: Terminal, gilfoyle: Gilfoyle) -> None:
    begin(terminal)
    (said,) = terminal.type_block(block("README.md#uploads-that-go-on-where-they-broke-off/console/2"))
    grant = read_json(said)
    assert (grant["allowed_origins"], grant["max_size_bytes"]) == (["https://www.example.org"], 2147483648)
    assert video(gilfoyle.client, grant["video_id"])["status"] == "awaiting_upload"


def test_a_key_is_made_at_the_command_line(terminal: Terminal) -> None:
    terminal.type_block(block("docs/api.md#the-api/indented"))
    (said,) = terminal.type_block(block("docs/api.md#keys-and-scopes/sh"))
    assert read_json(said)["project"]["name"] == "demo"


def test_the_way_is_walked_by_the_canary(terminal: Terminal) -> None:
    words, program = block("docs/operations.md#does-the-whole-way-work/indented").text.splitlines()
    said = terminal.type(without_remark(words))
    assert "The whole way took" in said
    assert read_json(terminal.type(without_remark(program)))["outcome"] == "whole"


def without_remark(line: str) -> str:
    """Return a command as it is typed, of a line that says behind it what it does."""
    return re.split(r" {2,}", line.strip())[0]


def test_a_receiver_hears_of_what_happens(
    terminal: Terminal, gilfoyle: Gilfoyle, receiver_port: int, tmp_path: Path
) -> None:
    """The guide to webhooks, with a receiver at work."""
    begin(terminal)
    (made,) = terminal.type_block(block("docs/guides/webhooks.md#on-your-own-machine/sh"))
    endpoint = read_json(made)
    (tmp_path / "receiver.py").write_text(block("docs/guides/webhooks.md#a-receiver-that-lasts/python").text)
    start = block("docs/guides/webhooks.md#a-receiver-that-lasts/sh").text.strip()
    terminal.type(f"PORT={receiver_port} {start} >receiver.log 2>&1 & RECEIVER=$!")
    httpx.Client(transport=httpx.HTTPTransport(retries=8)).get(f"http://127.0.0.1:{receiver_port}/")
    asked = "docs/guides/webhooks.md#a-receiver-that-lasts/sh/2"
    sent, _ = read_objects(*terminal.type_block(block(asked)))
    deliveries = f"/api/v1/webhooks/{endpoint['id']}/deliveries"

    def statuses() -> list[str]:
        return [one["status"] for one in gilfoyle.client.get(deliveries).json()["results"]]

    wait_until(lambda: statuses() == ["delivered"], what="the delivery", tell=statuses)
    _, listed = read_objects(*terminal.type_block(block(asked)))
    assert sent["id"] in {one["id"] for one in listed["results"]}
    enabled, replayed = read_objects(
        *terminal.type_block(block("docs/guides/webhooks.md#after-a-while-away/sh"))
    )
    assert (enabled["id"], enabled["is_enabled"], replayed) == (endpoint["id"], True, {"replayed": 0})
    terminal.type("kill $RECEIVER")
