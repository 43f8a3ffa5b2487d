import json

import pytest
from django.core.management import CommandError
from django.db import OperationalError

from gilfoyle.whole_path import Outcome, Part
from tests.videos.management.operating import run

WHERE = "gilfoyle.management.commands.canary.walk_whole_path"
WALKED = [Part("clip", 0.05, "2 seconds"), Part("create", 0.25, "vid_1")]


def come_to(monkeypatch: pytest.MonkeyPatch, outcome: Outcome) -> None:
    def walk(*_: object, tell, **__: object) -> Outcome:
        for part in outcome.parts:
            tell(part)
        return outcome

    monkeypatch.setattr(WHERE, walk)


def test_each_part_is_told_with_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    come_to(monkeypatch, Outcome(WALKED, video_id="vid_1"))
    code, printed = run("canary")
    assert (code, printed.splitlines()) == (
        0,
        [
            "ok       0.050 s  a clip was made (2 seconds)",
            "ok       0.250 s  a video was created by the API (vid_1)",
            "The whole way took 0.3 s.",
        ],
    )


def test_where_it_ended_is_told_and_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    come_to(monkeypatch, Outcome(WALKED, "upload", "The API answered 502.", "Look at it.", "vid_1"))
    code, printed = run("canary")
    assert code == 1
    assert "FAIL              upload: The API answered 502. Look at it." in printed
    code, printed = run("canary", "--json")
    told = json.loads(printed)
    assert (code, told["outcome"], told["total_s"], len(told["parts"])) == (1, "broken", 0.3, 2)
    assert told["broken"] == {"part": "upload", "message": "The API answered 502.", "hint": "Look at it."}


def test_a_database_that_is_away_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Outcome:
        message = "connection refused"
        raise OperationalError(message)

    monkeypatch.setattr(WHERE, refuse)
    with pytest.raises(CommandError, match="The database could not be used: connection refused"):
        run("canary")
