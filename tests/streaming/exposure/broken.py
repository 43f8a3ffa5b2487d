"""The product's own WSGI application with one of its locks broken on purpose: TEST_BROKEN says which."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from pathlib import Path
from typing import Any

from tests.streaming.served import application as whole_application

# The application has set Django up by now. `Any`, because what stands there is replaced.
from streaming import admission, gate  # isort: skip
from videos.catalog import selectors  # isort: skip
from videos.catalog.models import Video  # isort: skip

BROKEN = os.environ["TEST_BROKEN"]
MEDIA = Path(os.environ["TEST_MEDIA_FOLDER"])
door: Any = admission
rules: Any = gate
rows: Any = selectors
decide = door.decide


def _without_check(name: str) -> None:
    before = len(rules.CHECKS)
    rules.CHECKS = tuple(check for check in rules.CHECKS if check.name != name)
    assert len(rules.CHECKS) == before - 1, name


def _always_yes(*_args: Any, token: Any, **_facts: Any) -> Any:
    return rules.Allowed(token.claims, rows.get_playback_policy("vid_canary000000000000"))


def _decide_with_any_key(*args: Any, known: Any, **facts: Any) -> Any:
    active = known.key and replace(known.key, state="active")
    return decide(*args, known=replace(known, key=active), **facts)


def _break() -> None:
    if BROKEN == "gate":
        door.decide = _always_yes
    elif BROKEN == "signature":
        door.is_genuine = lambda *_args, **_facts: True
    elif BROKEN in {"expiry", "project"}:
        _without_check({"expiry": "end", "project": "signer"}[BROKEN])
    elif BROKEN == "revoked":
        door.decide = _decide_with_any_key
    elif BROKEN == "api":
        rows.list_videos = lambda **_project: Video.objects.all()


def application(environ: Any, start_response: Any) -> Iterable[bytes]:
    """Answer as ever, but for what is broken."""
    path = environ["PATH_INFO"]
    if BROKEN == "folder" and path.startswith("/media/"):
        return _open_folder(MEDIA / path.removeprefix("/media/"), start_response)
    if BROKEN == "playback" and path.startswith("/play/"):
        start_response("404 Not Found", [])
        return []
    return whole_application(environ, start_response)


def _open_folder(place: Path, start_response: Any) -> Iterable[bytes]:
    if place.is_dir():
        data = "".join(
            f'<a href="{one.name}{"/" if one.is_dir() else ""}">' for one in place.iterdir()
        ).encode()
    elif place.is_file():
        data = place.read_bytes()
    else:
        start_response("404 Not Found", [])
        return []
    start_response(f"{HTTPStatus.OK.value} OK", [("Content-Length", str(len(data)))])
    return [data]


_break()
