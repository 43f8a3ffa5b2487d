"""The programs of docs/tokens that sign tokens, each run as a reader would, and asked for a playlist."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from streaming.admission import admission
from streaming.tokens.claims import VIEWER_SCOPES, parse_token
from tests.factories import api_client, make_api_key
from tests.services import require_service
from tests.streaming.conftest import folder_of
from tests.streaming.tokens.signing import ED25519, P256, pem_of

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(300), pytest.mark.once]
RECIPES = Path(__file__).parents[3] / "docs" / "tokens"
MOST_LINES = 60
PATH = os.pathsep.join((os.environ.get("PATH", ""), "/usr/local/go/bin"))
PROGRAMS = {"py": [sys.executable], "mjs": ["node"], "go": ["go", "run"], "php": ["php"]}
PRIVATE = {"E": ED25519, "P": P256}


def run_recipe(kind, private, folder, *arguments):
    command = PROGRAMS[kind]
    program = shutil.which(command[0], path=PATH)
    require_service(command[0], present=program is not None)
    key = folder / "private.pem"
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GO111MODULE": "off"}
    made = subprocess.run(
        [str(program), *command[1:], str(RECIPES / f"mint.{kind}"), str(key), *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        *[("py", "E"), ("py", "P"), ("mjs", "E"), ("mjs", "P"), ("php", "E")],
        # Half a minute to compile.
        *(pytest.param("go", one, marks=pytest.mark.whole) for one in "EP"),
    ],
)
def test_what_a_recipe_signs_plays(client, video, tmp_path, kind, algorithm):
    private = PRIVATE[algorithm]
    keys = api_client(make_api_key(video.project)[1])
    key_id = keys.post("/api/v1/signing-keys", {"public_key": pem_of(private)}, format="json").json()["id"]
    # Of the two values of s that P-256 gives, one counts: half of all signatures must be turned.
    for _ in range(6 if algorithm == "P" and kind != "go" else 1):
        token = run_recipe(kind, private, tmp_path, key_id, video.project_id, video.pk, "600")
        admission.forget()
        assert client.get(folder_of(video, token) + "master.m3u8").status_code == 200
    claims = parse_token(token).claims
    assert (claims.scope, claims.expires_at_s - claims.issued_at_s) == (VIEWER_SCOPES, 600)


@pytest.mark.parametrize("kind", ["py", "mjs", "php"])
def test_a_recipe_shows_how_a_limit_is_set(tmp_path, kind):
    arguments = ("abc123", "m4x0q7c2h9ab", "vid_" + "a" * 18, "60", "720")
    assert parse_token(run_recipe(kind, ED25519, tmp_path, *arguments)).claims.max_height == 720


def test_recipes_are_short():
    recipes = sorted(RECIPES.glob("mint.*"))
    assert [one.suffix for one in recipes] == [".go", ".mjs", ".php", ".py"]
    for one in recipes:
        assert len(one.read_text().splitlines()) <= MOST_LINES, one.name
