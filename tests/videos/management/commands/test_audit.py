from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.videos.audit.chains import fill, run
from videos.audit.actors import Actor, acting_as
from videos.audit.guards import remove_guards
from videos.audit.models import AuditCheck
from videos.audit.signing import keys_of

pytestmark = pytest.mark.django_db


def audit(*words: str) -> tuple[str, int]:
    out, code = StringIO(), 0
    try:
        call_command("audit", *words, stdout=out, stderr=out)
    except SystemExit as ended:
        code = int(ended.code or 0)
    return out.getvalue(), code


def test_a_whole_chain_is_told_with_its_length() -> None:
    fill(3)
    audit("checkpoint")
    text, code = audit("verify")
    assert (text.splitlines()[-1], code) == ("Whole: 3 entries, up to number 3.", 0)
    assert AuditCheck.objects.get().verified_seq == 3


def test_what_is_found_is_told_with_its_place() -> None:
    fill(20)
    remove_guards(connection)
    run("DELETE FROM videos_auditentry WHERE seq = 7")
    run("UPDATE videos_auditentry SET verb = 'case.closed' WHERE seq > 8")
    text, code = audit("verify")
    assert code == 1
    assert "missing: Entry 7 is missing." in text
    assert "edited: Entry 9 is not what was recorded." in text
    assert "… and 3 more." in text
    assert text.splitlines()[-1] == "NOT whole (13 found): 19 entries, up to number 20."
    told = json.loads(audit("verify", "--json")[0])
    assert (told["is_whole"], told["found"], told["findings"][0]["seq"]) == (False, 13, 7)


def test_a_missing_second_copy_can_be_left_out(settings: Any) -> None:
    fill(1)
    audit("checkpoint")
    folder = settings.GILFOYLE.server.data_dir / "audit"
    (folder / "checkpoints.jsonl").unlink()
    assert audit("verify")[1] == 1
    assert audit("verify", "--no-second-copy")[1] == 0


def test_an_export_is_written_and_checked(tmp_path: Path, settings: Any) -> None:
    fill(3)
    fill(2, project_id="p2")
    audit("checkpoint")
    file = tmp_path / "export.jsonl"
    assert audit("export", "--out", str(file))[0].startswith("5 entries.")
    assert audit("verify", "--file", str(file))[0].startswith("Whole: 5 entries, exported ")
    key = audit("key")[0].strip()
    assert key == keys_of(settings.GILFOYLE_ROOT_SECRET).public_key
    assert audit("verify", "--file", str(file), "--key", key)[1] == 0
    assert audit("verify", "--file", str(file), "--key", "00" * 32)[1] == 1
    file.write_bytes(file.read_bytes().replace(b"cas_1", b"cas_9"))
    assert audit("verify", "--file", str(file))[1] == 1
    with pytest.raises(CommandError, match="can't be written: File exists"):
        audit("export", "--out", str(file))


def test_an_export_of_others_names_its_key(tmp_path: Path, settings: Any) -> None:
    fill(1)
    file = tmp_path / "export.jsonl"
    audit("export", "--out", str(file))
    settings.GILFOYLE_ROOT_SECRET = b"the secret of another installation, where it is read"
    text, code = audit("verify", "--file", str(file))
    assert code == 0
    assert "Note: It is signed with the key" in text


def test_an_export_may_be_of_a_project_or_a_time(tmp_path: Path) -> None:
    fill(3)
    fill(2, project_id="p2")
    for number, words in enumerate(
        (["--project", "p2"], ["--since", "2000-01-01"], ["--since", "2999-01-01"])
    ):
        file = tmp_path / f"{number}.jsonl"
        audit("export", "--out", str(file), *words)
        text, code = audit("verify", "--file", str(file))
        assert (text.split()[1], code) == (["2", "5", "0"][number], 0), text


def test_without_a_file_it_is_printed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    fill(1)
    call_command("audit", "export")
    sys.stdout.flush()
    assert [next(iter(json.loads(line))) for line in capfdbinary.readouterr().out.splitlines()] == [
        "at",
        "entry",
        "end",
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "can't be read: No such file"), (b"no export", "is damaged. This is no export")],
)
def test_files_that_are_none_are_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "export.jsonl"
    if content is None:
        with pytest.raises(CommandError, match=words):
            audit("verify", "--file", str(file))
        return
    file.write_bytes(content)
    text, code = audit("verify", "--file", str(file))
    assert words in text
    assert code == 1
    assert json.loads(audit("verify", "--file", str(file), "--json")[0])["is_whole"] is False


def test_entries_are_shown_latest_first() -> None:
    with acting_as(Actor("staff", "7")):
        fill(2)
    fill(1, project_id="p2")
    assert [line.split()[0] for line in audit("show")[0].splitlines()] == ["3", "2", "1"]
    for words, seqs in {
        ("--actor", "staff:7"): ["2", "1"],
        ("--actor", "system"): ["3"],
        ("--verb", "case.decided"): ["2"],
        ("--verb", "case."): ["3", "2", "1"],
        ("--object", "cas_1"): ["2"],
        ("--project", "p2"): ["3"],
        ("--since", "2999-01-01T00:00:00Z"): [],
        ("--limit", "1"): ["3"],
    }.items():
        assert [line.split()[0] for line in audit("show", *words)[0].splitlines()] == seqs, words
    told = json.loads(audit("show", "--json", "--limit", "1")[0])
    assert (told["seq"], told["verb"], told["project"]) == (3, "case.opened", "p2")
    remove_guards(connection)
    impossible = "infinity" if connection.vendor == "postgresql" else "2026-13-45 00:00:00"
    run("UPDATE videos_auditentry SET at = %s WHERE seq = 2", impossible)
    assert "no time" in audit("show")[0].splitlines()[1]
    assert json.loads(audit("show", "--json")[0].splitlines()[1])["at"] is None


@pytest.mark.parametrize("text", ["yesterday", "2026-02-30", "2026-11-29T25:00:00Z"])
def test_what_is_no_time_is_told(text: str) -> None:
    with pytest.raises(CommandError, match="is no time such as"):
        audit("show", "--since", text)
