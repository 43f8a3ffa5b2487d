from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command

from gilfoyle.management.commands import self_test
from streaming.exposure.models import ExposureTest
from tests.streaming.web_process import web_process


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run the command on an outcome; return its exit code and what it says."""

    def run(outcome: str, result: str) -> tuple[Any, str]:
        told = ExposureTest(outcome=outcome, tries=[{"name": "forged", "result": result, "where": "/a"}])
        monkeypatch.setattr(self_test, "run_self_test", lambda _config: told)
        return command()

    return run


def command() -> tuple[Any, str]:
    written = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("self_test", stdout=written, no_color=True)
    return ended.value.code, written.getvalue()


def test_it_says_each_try_and_ends_by_its_outcome(run: Any) -> None:
    assert run("passed", "refused") == (0, "refused      with a forged token  /a\n")
    code, text = run("exposed", "stolen")
    assert code == 1
    assert "A private video can be stolen" in text
    code, text = run("inconclusive", "not_reached")
    assert code == 2
    assert "this says nothing" in text


@pytest.mark.django_db(transaction=True)
def test_it_tries_the_running_server(tmp_path: Any, settings: Any) -> None:
    with web_process(tmp_path) as web:
        server = settings.GILFOYLE.server.model_copy(update={"public_url": web.url})
        settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"server": server})
        code, text = command()
    assert code == 0, text
    assert text.count("refused") >= 9
