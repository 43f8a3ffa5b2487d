import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from processing.jobs.models import Step
from tests.processing.jobs.test_catching_up import ready

pytestmark = pytest.mark.django_db


def test_it_says_what_is_queued_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        ready()
    call_command("fingerprint", "--missing", "--dry-run", "--json")
    assert json.loads(capsys.readouterr().out) == {
        "dry_run": True, "queued": 2, "under_way": 0, "failed": 0, "no_pictures": 0, "banned": 0,
    }  # fmt: skip
    call_command("fingerprint", "--missing", "--limit", "1")
    told = capsys.readouterr().out
    assert told.startswith("1 videos queued to be hashed.\n")
    assert "run it again" in told
    call_command("fingerprint", "--missing")
    assert "1 are waiting to be hashed" in capsys.readouterr().out
    assert Step.objects.count() == 2


def test_it_refuses_what_would_do_nothing(settings: Any) -> None:
    with pytest.raises(CommandError, match="--limit"):
        call_command("fingerprint", "--missing", "--limit", "0")
    with pytest.raises(CommandError, match="--missing"):
        call_command("fingerprint")
    recognition = settings.GILFOYLE.safety.recognition.model_copy(update={"enabled": False})
    safety = settings.GILFOYLE.safety.model_copy(update={"recognition": recognition})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"safety": safety})
    with pytest.raises(CommandError, match=r"safety\.recognition\.enabled"):
        call_command("fingerprint", "--missing")
