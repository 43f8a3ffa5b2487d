"""`manage.py hashlist`: what it takes in, gives out and switches, and how it refuses."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from videos.fingerprints.models import BlockedFingerprint, HashList

pytestmark = pytest.mark.django_db

SHA, MD5 = "a" * 64, "b" * 32


def run(*argv: str) -> str:
    out = StringIO()
    call_command("hashlist", *argv, stdout=out, stderr=out)
    return out.getvalue()


@pytest.fixture
def listed(tmp_path: Path) -> str:
    path = tmp_path / "list.txt"
    path.write_text(f"# known\n{SHA}  film.mp4\n{MD5}\n")
    return str(path)


def test_a_file_is_put_on_a_list_that_is_made_for_it(listed: str) -> None:
    assert "1 md5, 1 sha256 would be put on known." in run("import", listed, "--list", "known", "--dry-run")
    assert not HashList.objects.exists()
    assert "1 md5, 1 sha256 put on known." in run("import", listed, "--list", "known", "--action", "flag")
    assert HashList.objects.get().action == "flag"
    told = json.loads(run("import", listed, "--list", "known", "--json"))
    assert told == {"list": "known", "dry_run": False, "bans": {"md5": 1, "sha256": 1}}
    assert BlockedFingerprint.objects.count() == 2, "twice is once"
    with pytest.raises(CommandError, match="a list to flag"):
        run("import", listed, "--list", "known", "--action", "hold")


def test_where_a_line_is_not_understood_nothing_is_imported(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(SHA.encode() + b"\n" + b"no hash\n" + b"x" * 5000)
    out = StringIO()
    with pytest.raises(CommandError, match="Nothing was imported"):
        call_command("hashlist", "import", str(path), "--list", "known", stdout=out, stderr=out)
    assert f"{path}, line 2: it is no SHA-256" in out.getvalue()
    assert "line 3: it is longer" in out.getvalue()
    assert not HashList.objects.exists()


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("import", "/nowhere/list.txt", "--list", "known"), "No such file"),
        (("import", "/dev/null", "--list", "known"), "no hash"),
        (("export", "nothing"), "no hash list 'nothing'"),
        (("enable", "nothing"), "There is none at all"),
    ],
)
def test_what_can_t_be_done_is_said_in_a_line(argv: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        run(*argv)


def test_what_is_given_out_can_be_taken_in_again(listed: str, tmp_path: Path) -> None:
    run("import", listed, "--list", "known")
    target = tmp_path / "out.csv"
    assert "2 hashes written" in run("export", "known", "--output", str(target))
    assert target.stat().st_mode & 0o077 == 0, "for its owner's eyes"
    assert target.read_text() == run("export", "known")
    assert run("export", "known", "--kind", "md5").count("\n") == 2
    run("import", str(target), "--list", "other")
    assert run("export", "other") == target.read_text()


def test_lists_are_shown_and_switched(listed: str) -> None:
    assert "no list yet" in run("list")
    run("import", listed, "--list", "known")
    assert "known  import, hold  holds: 1 md5, 1 sha256  matches: none" in run("list")
    assert "no longer looked for." in run("disable", "known")
    assert "as before" in run("disable", "known")
    assert json.loads(run("list", "--json"))[0]["enabled"] is False
    assert "is looked for." in run("enable", "known")


def test_hashes_that_are_not_looked_for_are_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"kind,hash,reference\npdq,{SHA},film\n")
    assert "not looked for" in run("import", str(path), "--list", "known")
