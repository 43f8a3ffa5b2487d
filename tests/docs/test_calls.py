"""Calls of pages against a web server with a video that plays: by curl as a reader types them, and by scripts of pages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import factories
from tests.docs.terminal import Terminal, read_json
from tests.embedded import PATIENCE_S
from tests.factories import Account
from tests.house.pages import block
from tests.services import require_service
from tests.streaming.web_process import web_process
from tests.videos.uploads.tus_js import require_tus_js
from videos.catalog.models import Video
from videos.segment_index import SegmentRun

FILM = b"hardly a film"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


@dataclass
class Served:
    api: str
    account: Account
    ready: Video
    terminal: Terminal
    folder: Path

    def post(self, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.account.key_text}"}
        answer = httpx.post(f"{self.api}{path}", json=body, headers=headers, timeout=PATIENCE_S)
        assert answer.is_success, answer.text
        return answer.json()

    def run(self, script: str, **environment: str) -> str:
        """Run a module under Node, in the folder."""
        (self.folder / "page.mjs").write_text(script, encoding="utf-8")
        argv = ["node", "page.mjs"]
        environment |= {"PATH": "/usr/local/bin:/usr/bin:/bin"}
        done = subprocess.run(
            argv,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "reader"
    made.mkdir()
    return made


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Run a server that has a video that plays, of the id that pages show."""
    account = factories.make_account()
    old_id = "7f4b2c1e-0000-4000-8000-000000000001"
    ready = factories.make_video(account.project, status="ready", duration_s=10.0, external_id=old_id)
    factories.make_video(account.project, pk="vid_3kTmvU1qQx0aZpLr7e")
    run = SegmentRun(0, 0, (51_200, 51_200, 25_600), (1000, 1000, 500))
    factories.make_rendition(ready, runs=[run])
    with web_process(folder.parent) as web:
        api = f"{web.url}/api/v1"
        given = {"https://video.example.com/api/v1": api}
        environment = {"API": api, "KEY": account.key_text}
        with Terminal(folder, given=given, environment=environment) as terminal:
            yield Served(api, account, ready, terminal, folder)


def test_what_pages_type_and_run_does_what_they_say(
    folder: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> None:
    require_service("node", present=shutil.which("node") is not None)
    (folder / "node_modules").symlink_to(require_tus_js(request.config, tmp_path_factory) / "node_modules")
    with serving(folder) as served:
        for part in (
            make_endpoints,
            send_another_file,
            find_again,
            renew_a_token,
            upload_by_tus,
            upload_from_a_page,
        ):
            part(served)


def typed(served: Served, address: str) -> Any:
    (said,) = served.terminal.type_block(block(address))
    return read_json(said)


def make_endpoints(served: Served) -> None:
    first = typed(served, "docs/webhooks.md#in-five-minutes/sh")
    assert first["event_types"] == ["video.playable", "video.failed", "case.decided"]
    second = typed(served, "docs/guides/django.md#hear-of-it/sh")
    assert second["url"] == "https://www.example.com/hooks/gilfoyle"
    assert {first["secret"][:6], second["secret"][:6]} == {"whsec_"}


def send_another_file(served: Served) -> None:
    grant = typed(served, "docs/guides/browser-upload.md#another-file/sh")
    assert (grant["video_id"], grant["allowed_origins"]) == (
        "vid_3kTmvU1qQx0aZpLr7e",
        ["https://www.example.com"],
    )


def find_again(served: Served) -> None:
    found = typed(served, "docs/migrate-from.md#finding-them-again/sh")
    assert [one["id"] for one in found["results"]] == [served.ready.pk]


def renew_a_token(served: Served) -> None:
    first = served.post(f"/videos/{served.ready.pk}/playback", {"ttl_s": 60, "session_ttl_s": 14400})
    script = block("docs/tokens.md#sessions-short-tokens-that-go-on/js").text
    said = served.run(
        f"const refreshUrl = process.env.REFRESH_URL;\n{script}\nconsole.log(JSON.stringify(later));",
        REFRESH_URL=first["refresh_url"],
    )
    later = json.loads(said)
    assert later["token"] != first["token"]
    assert httpx.get(later["hls_url"], timeout=PATIENCE_S).status_code == 200
    named = re.search(r"the same fields: (.*)$", script, re.MULTILINE)
    assert named
    assert {name for name in named[1].split(", ") if name != "…"} <= set(later)


def upload_by_tus(served: Served) -> None:
    """README.md's few lines, under Node: it comes from no page, so it names one that may."""
    grant = served.post("/uploads", {"video": {"title": "By a page"}})
    script = block("README.md#uploads-that-go-on-where-they-broke-off/js").text
    said = served.run(
        'import * as tus from "tus-js-client";\n'
        f"const file = Buffer.from('{FILM.decode()}'), address = process.env.TUS_URL;\n{script}",
        TUS_URL=grant["tus_url"],
    )
    assert said.splitlines()[-2:] == [f"{len(FILM)} of {len(FILM)}", "done"]
    assert Video.objects.get(title="By a page").source_size_bytes == len(FILM)


# What the page's script asks a browser for: three elements, and its own backend.
PAGE = """
const elements = { said: {}, bar: {}, file: { addEventListener: (type, act) => { elements.file[type] = act; } } };
globalThis.document = { getElementById: (id) => elements[id] };
globalThis.fetch = async (url, { method, body }) => {
  if (url !== "/films" || method !== "POST" || body.get("title") !== "film.mp4") throw new Error(`${method} ${url}`);
  return { json: async () => ({ tus_url: process.env.TUS_URL }) };
};
"""
CHOOSING = """
const chosen = Object.assign(Buffer.from(process.env.FILM), { name: "film.mp4" });
await elements.file.change({ target: { files: [chosen] } });
const first = elements.said.textContent;
await elements.file.change({ target: { files: [chosen] } });
console.log(JSON.stringify({ first, value: elements.bar.value, again: elements.said.textContent }));
"""


def upload_from_a_page(served: Served) -> None:
    """The page of the guide to uploads from browsers, with elements that are none."""
    grant = served.post("/uploads", {"video": {"title": "By a form"}})
    page = block("docs/guides/browser-upload.md#by-tus/html").text
    script = re.search(r"<script type=\"module\">\n(.*?)</script>", page, re.DOTALL)
    assert script
    asked = set(re.findall(r'getElementById\("(\w+)"\)', page))
    assert asked == set(re.findall(r' id="(\w+)"', page)) == {"said", "bar", "file"}
    module = block("docs/guides/browser-upload.md#by-tus/js")
    (served.folder / module.file).write_text(module.text, encoding="utf-8")
    imports, rest = re.split(r"(?<=;)\n\n", script[1], maxsplit=1)
    told = json.loads(
        served.run(f"{imports}\n{PAGE}{rest}{CHOOSING}", TUS_URL=grant["tus_url"], FILM=FILM.decode())
    )
    assert (told["first"], told["value"]) == ("Your film has arrived, and is being prepared.", 1)
    assert told["again"] == "This video has a source already."
    assert Video.objects.get(title="By a form").source_size_bytes == len(FILM)
