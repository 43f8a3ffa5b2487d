from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gilfoyle.lib.safety_settings import SafetySettings
from tests.videos.management.operating import run
from tests.videos.moderation.making import make_playing, make_report

pytestmark = pytest.mark.django_db
CROWD = "{name: crowd, when: {reports_weighted_min: 2}, do: {hold: true}}"


def written(tmp_path: Path, *rules: str) -> str:
    path = tmp_path / "settings.yaml"
    path.write_text("safety:\n  rules:\n" + "".join(f"    - {rule}\n" for rule in rules))
    return str(path)


def test_a_try_tells_and_writes_nothing(tmp_path: Path) -> None:
    video = make_playing()
    for person in ("ann", "bob"):
        make_report(video, reporter=person)
    file = written(tmp_path, CROWD, "{name: spammy, when: {reasons: [spam]}, do: {flag: true}}")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        code, text = run("rules", "try", "--file", file)
    assert (code, "Would have held 1: 0 later found" in text, "Would have flagged nothing" in text) == (
        0,
        True,
        True,
    )
    assert {query["sql"].split()[0] for query in queries} == {"SELECT"}
    told = json.loads(run("rules", "try", "--file", file, "--rule", "crowd", "--json")[1])
    assert [(one["rule"], one["would_hold"]) for one in told["rules"]] == [("crowd", 1)]
    assert told["rules"][0]["examples"][0]["video_id"] == video.pk
    with pytest.raises(CommandError, match="There is no rule cord; there are crowd, spammy"):
        run("rules", "try", "--file", file, "--rule", "cord")
    with pytest.raises(CommandError, match="--days is a number from 1"):
        run("rules", "try", "--file", file, "--days", "0")
    with pytest.raises(CommandError, match="There are no rules to try"):
        run("rules", "try")
    with pytest.raises(CommandError, match=r"rules check .* says all that is wrong"):
        run("rules", "try", "--file", written(tmp_path, "{name: A}"))


def test_a_check_says_each_fault_with_its_line_and_notes_what_is_odd(tmp_path: Path) -> None:
    odd = "{name: here, when: {duration_s_min: 9, projects: [prj_0]}, do: {flag: true}}"
    file = written(tmp_path, CROWD, odd)
    code, text = run("rules", "check", file)
    assert (code, text.splitlines()[-1]) == (0, f"{file}: ok, 2 rules.")
    assert "Note on here: There is no project prj_0 here." in text
    file = written(tmp_path, CROWD, "{name: b, when: {uploads_min: many}, do: {flag: true, hold_h: 3}}")
    code, text = run("rules", "check", file)
    assert (code, [line.split(" ")[0] for line in text.splitlines()]) == (1, [f"{file}:4:"] * 2)
    assert f"{file}:4: safety.rules.1.when.uploads_min must be a whole number, found 'many'." in text
    told = json.loads(run("rules", "check", file, "--json")[1])
    assert (told["is_ok"], [one["line"] for one in told["faults"]]) == (False, [4, 4])
    code, text = run("rules", "check", str(tmp_path / "missing.yaml"))
    assert (code, "could not be read: No such file" in text) == (1, True)


def test_the_rules_in_force_are_listed_with_what_they_did(settings: Any) -> None:
    assert run("rules", "list") == (0, "There are no rules.\n")
    safety = SafetySettings.model_validate(
        {"rules": [{"name": "spammy", "when": {"reasons": ["spam"]}, "do": {"flag": True}, "shadow": True}]}
    )
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})
    make_report(reason="spam")
    code, text = run("rules", "list")
    assert (code, text.splitlines()[0]) == (0, "spammy (shadow)")
    assert "1 times in 30 days (0 held, 1 only noted)" in text
    assert json.loads(run("rules", "list", "--days", "1", "--json")[1])["noted"] == 1
