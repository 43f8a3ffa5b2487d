from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import OperationalError

from gilfoyle.lib.storage_faults import StorageFault
from gilfoyle.stores.errors import TooManyOrphans
from gilfoyle.stores.telling import StoreCommand, in_words, progress_bar, shown


class Command(StoreCommand):
    outcome: int | Exception = 0

    def act(self, options: dict[str, Any]) -> int:
        del options
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def run(outcome: int | Exception, **options: Any) -> None:
    command = Command()
    command.outcome = outcome
    command.handle(**options)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (TooManyOrphans("No."), 1),
        (StorageFault("No.", error="refused"), 2),
        (OperationalError("gone"), 2),
    ],
)
def test_what_is_foreseen_is_one_line(error: Exception, code: int) -> None:
    with pytest.raises(CommandError) as caught:
        run(error)
    assert caught.value.returncode == code


def test_programs_are_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        run(TooManyOrphans("No.", hint="Later."), json=True)
    assert caught.value.code == 1
    assert '"too_many_orphans"' in capsys.readouterr().out


def test_what_was_found_is_the_exit_code() -> None:
    run(0)
    with pytest.raises(SystemExit) as caught:
        run(3)
    assert caught.value.code == 3
    run(BrokenPipeError())


def test_no_name_speaks_to_the_terminal() -> None:
    assert shown("a/b-1.m4s") == "a/b-1.m4s"
    assert shown("a\x1b[2Jb\n") == r"a\x1b[2Jb\n"


def test_moments_are_said_as_programs_read_them() -> None:
    assert in_words(0) == ""
    assert in_words(86400) == "1970-01-02T00:00:00Z"


def test_progress_is_shown_to_people_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as advance:
        advance("listed", 3)
    assert capsys.readouterr().err == ""
