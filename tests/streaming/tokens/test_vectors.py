"""What docs/tokens/vectors.json says is what Gilfoyle does, and what a checker that shares no line with it does."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from streaming.addresses import FileClass, VideoAddress
from streaming.errors import PlaybackRefused
from streaming.gate import Known, Wish, decide, read_site
from streaming.tokens.claims import KeyRecord, parse_token
from streaming.tokens.signatures import is_genuine
from tests.services import require_service
from tests.streaming.test_gate import with_policy
from tests.streaming.tokens.signing import ROOT
from tests.streaming.tokens.vectors import ALGORITHMS, FILE, all_keys, render

CLASSES = {"media": FileClass.MEDIA, "images": FileClass.IMAGE, "text": FileClass.CAPTION}
OUR_ORIGIN = "https://video.example"


def answer(vector, keys: dict[str, KeyRecord]) -> str:
    """Return what Gilfoyle says about a token: `allowed`, or the reason that its log has."""
    try:
        token = parse_token(vector["token"])
    except PlaybackRefused as refused:
        return str(refused.facts["reason"])
    key, entry = keys.get(token.key_id), token.claims.entry
    project_id, video_id = vector["project_id"], vector["video_id"]
    names = {"project_id": project_id, "video_id": video_id}
    headers = {} if vector["origin"] is None else {"Origin": vector["origin"]}
    is_valid = key is not None and is_genuine(token, key, root_secret=lambda: ROOT, **names)
    first, last = vector.get("opened") or (0, -1)
    known = Known(
        key,
        is_valid,
        with_policy(**names),
        entry_key=None if entry is None else keys.get(entry.key_id),
        opened=range(first, last + 1),
    )
    decision = decide(
        Wish(
            VideoAddress("", project_id, video_id),
            CLASSES[vector["wants"]],
            vector["rendition"],
            vector.get("segment"),
            is_of_all=vector.get("is_of_all", False),
        ),
        token=token,
        known=known,
        site=read_site(headers, OUR_ORIGIN),
        now_s=vector["at_s"],
    )
    return str(decision.facts["reason"]) if isinstance(decision, PlaybackRefused) else "allowed"


@pytest.fixture(scope="module")
def vectors():
    return json.loads(FILE.read_text(encoding="utf-8"))["vectors"]


def test_the_file_is_the_one_that_is_made():
    assert FILE.read_text(encoding="utf-8") == render()


def test_gilfoyle_answers_as_the_file_says(vectors):
    keys = all_keys()
    wrong = [
        (one["name"], one["expect"], got) for one in vectors if (got := answer(one, keys)) != one["expect"]
    ]
    assert wrong == []


def test_the_other_checker_answers_the_same(vectors):
    node = shutil.which("node")
    require_service("node", present=node is not None)
    checker = FILE.with_name("verify.mjs")
    told = subprocess.run([str(node), str(checker), str(FILE)], capture_output=True, text=True, check=True)
    got = json.loads(told.stdout)
    wrong = [
        (one["name"], one["expect"], found)
        for one, found in zip(vectors, got, strict=True)
        if found != one["expect"]
    ]
    assert wrong == []


def test_there_are_enough_of_them(vectors):
    assert len(vectors) >= 200
    names = [one["name"] for one in vectors]
    assert len(names) == len(set(names))
    allowed = [one for one in vectors if one["expect"] == "allowed"]
    assert {one["token"].partition(".")[0] for one in allowed} >= {f"key{one * 3}" for one in ALGORITHMS}
    assert len({one["expect"] for one in vectors}) >= 18


def test_no_private_key_is_in_the_file():
    text = FILE.read_text(encoding="utf-8")
    assert "PRIVATE" not in text
    assert ROOT.hex() not in text


def test_who_does_not_say_what_file_it_is_gets_nothing_of_a_clip(vectors, tmp_path):
    node = shutil.which("node")
    require_service("node", present=node is not None)
    keys = json.loads(FILE.read_text(encoding="utf-8"))["keys"]
    playlist = next(one for one in vectors if one["name"] == "H: a clip's playlist")
    unsaid = {name: value for name, value in playlist.items() if name != "segment"}
    file = tmp_path / "vectors.json"
    file.write_text(json.dumps({"keys": keys, "vectors": [playlist, unsaid]}), encoding="utf-8")
    command = [str(node), str(FILE.with_name("verify.mjs")), str(file)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(told.stdout) == ["allowed", "clip"]
