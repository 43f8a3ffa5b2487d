from __future__ import annotations

from collections.abc import Iterator

import pytest

from gilfoyle.process_actor import name_process_actor
from videos.audit.actors import SYSTEM, Actor, current_actor, set_process_actor


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    yield
    set_process_actor(SYSTEM)


@pytest.mark.parametrize("command", ["up", "worker", "scheduler"])
def test_what_goes_on_by_itself_is_the_system(command: str) -> None:
    name_process_actor([command])
    assert current_actor() == Actor("system", command)


def test_a_command_is_its_operators_without_their_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada.lovelace")
    name_process_actor(["create_api_key"])
    one = current_actor()
    assert one.kind == "operator"
    assert "ada" not in one.id
    monkeypatch.setenv("LOGNAME", "bob")
    name_process_actor(["create_api_key"])
    assert current_actor() != one


def test_who_has_no_name_is_an_operator_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError

    monkeypatch.setattr("getpass.getuser", nameless)
    name_process_actor([])
    assert current_actor().kind == "operator"
