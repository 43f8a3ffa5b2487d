"""What is seen to before anything starts, by whichever door."""

import sys
from io import StringIO
from types import ModuleType
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection

from gilfoyle import web_server
from gilfoyle.first_run import prepare_database
from gilfoyle.installation.errors import SecretDiffers
from gilfoyle.installation.starting import require_ours, require_ours_if_known
from gilfoyle.management.commands.up import Command
from tests.broken_database import Stumble

OTHER = b"another secret, typed wrong on one of the machines"


@pytest.mark.django_db
def test_with_another_secret_no_door_opens(
    settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    require_ours()
    settings.GILFOYLE_ROOT_SECRET = OTHER
    broker = settings.GILFOYLE.broker.model_copy(
        update={"url": type(settings.GILFOYLE.broker.url)("redis://127.0.0.1:1")}
    )
    config = settings.GILFOYLE.model_copy(update={"broker": broker})
    told = StringIO()
    with pytest.raises(SystemExit) as ended:
        Command(stderr=told).run_until_told(config, ("work",), ())
    assert ended.value.code == 1
    assert "Gilfoyle can't start. The secret key is another one" in told.getvalue()
    assert "Give back the right GILFOYLE_SECRET_KEY" in told.getvalue()
    with pytest.raises(CommandError, match="The secret key is another one"):
        call_command("scheduler")
    monkeypatch.setitem(sys.modules, "gilfoyle.wsgi", ModuleType("gilfoyle.wsgi"))
    with pytest.raises(SystemExit) as ended:
        web_server.post_worker_init(None)
    assert ended.value.code == web_server.NOT_BOOTED
    assert "Gilfoyle can't start. The secret key is another one" in capsys.readouterr().err


@pytest.mark.django_db
def test_a_database_that_is_away_stops_none(settings: Any) -> None:
    require_ours()
    settings.GILFOYLE_ROOT_SECRET = OTHER

    def away() -> None:
        message = "the server is away"
        raise OperationalError(message)

    with connection.execute_wrapper(Stumble(away)):
        require_ours_if_known()
    with pytest.raises(SecretDiffers):
        require_ours_if_known()


@pytest.mark.django_db(transaction=True)
def test_all_of_it_on_one_machine_is_refused_before_anybody_gets_access(settings: Any) -> None:
    require_ours()
    settings.GILFOYLE_ROOT_SECRET = OTHER
    with pytest.raises(SecretDiffers):
        prepare_database()
    assert not get_user_model().objects.exists()
