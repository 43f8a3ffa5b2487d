"""What `worker` would run; that the supervisor stops and restarts it, `tests/journeys/test_supervision.py` shows of `up`."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pydantic import SecretStr

from gilfoyle import __version__
from gilfoyle.management.commands import up


@pytest.fixture
def served(settings: Any) -> None:
    """A broker that other machines reach."""
    broker = settings.GILFOYLE.broker.model_copy(update={"url": SecretStr("redis://127.0.0.1:1/0")})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"broker": broker})


@pytest.fixture
def embedded(settings: Any) -> None:
    broker = settings.GILFOYLE.broker.model_copy(update={"url": SecretStr("embedded")})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"broker": broker})


def planned(*argv: str) -> dict[str, Any]:
    out = StringIO()
    call_command("worker", "--dry-run", "--json", *argv, stdout=out)
    return {pool["name"]: pool for pool in json.loads(out.getvalue())["pools"]}


@pytest.mark.usefixtures("served")
def test_it_is_the_pools_of_up_and_may_be_told_how_many_encodes_and_of_what() -> None:
    assert list(planned()) == ["work", "encode", "package"]
    assert planned("--slots", "7")["encode"]["threads"] == 7
    assert planned("--slots", "7")["package"] == planned()["package"]
    some = planned("--queues", "encode", "deliver")
    assert {name: pool["queues"] for name, pool in some.items()} == {
        "work": ["deliver"],
        "encode": ["encode"],
    }
    out = StringIO()
    call_command("worker", "--dry-run", "--slots", "7", stdout=out)
    assert "encode     7 at once, of encode" in out.getvalue()


@pytest.mark.usefixtures("served")
@pytest.mark.django_db
def test_what_is_planned_is_what_the_supervisor_gets(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    class Watched:
        def __init__(self, plans: Any, *_: Any, **__: Any) -> None:
            given.extend(plans)

        def run(self, **_: Any) -> None: ...

    monkeypatch.setattr(up, "Supervisor", Watched)
    monkeypatch.setattr(up, "require_ffmpeg_for", lambda *_: None)
    monkeypatch.setattr(up, "find_wrong_store", lambda: None)
    out = StringIO()
    call_command("worker", "--slots", "3", "--queues", "encode", stdout=out)
    (plan,) = given
    assert plan.name == "encode"
    assert "--threads 3" in " ".join(plan.argv)
    assert out.getvalue().splitlines() == [f"Gilfoyle {__version__} starts its encode.", "Stopped."]


@pytest.mark.usefixtures("embedded")
@pytest.mark.parametrize(
    ("argv", "words", "code"),
    [
        ((), "embedded broker. Set broker.url", 1),
        (("--slots", "2", "--queues", "deliver"), "--slots is about encodes", 2),
        (("--json",), "goes with --dry-run", 2),
        (("--slots", "0"), "must be a number from 1 to 256, not '0'", 1),
        (("--slots", "many"), "must be a number from 1 to 256", 1),
        (("--queues", "cook"), "invalid choice: 'cook'", 1),
    ],
)
def test_what_is_wrong_is_told_in_words(argv: tuple[str, ...], words: str, code: int) -> None:
    dry = () if "--json" in argv else ("--dry-run",)
    with pytest.raises(CommandError, match=words) as caught:
        call_command("worker", *dry, *argv)
    assert caught.value.returncode == code
