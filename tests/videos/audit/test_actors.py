from __future__ import annotations

from threading import Thread

import pytest

from videos.audit.actors import (
    SYSTEM,
    Actor,
    acting_as,
    current_actor,
    operator_of,
    set_actor,
    set_process_actor,
)

STAFF, KEY = Actor("staff", "7"), Actor("api_key", "key_1")
SECRET = b"s" * 32


def test_it_is_the_system_where_nobody_is_named() -> None:
    assert current_actor() == SYSTEM


def test_an_actor_acts_within_and_not_beyond() -> None:
    with acting_as(STAFF):
        assert current_actor() == STAFF
        with acting_as(KEY):
            assert current_actor() == KEY
        assert current_actor() == STAFF
    assert current_actor() == SYSTEM


def test_an_actor_ends_with_an_exception_too() -> None:
    with pytest.raises(KeyError), acting_as(STAFF):
        raise KeyError
    assert current_actor() == SYSTEM


def test_who_is_named_on_the_way_ends_with_what_surrounds_it() -> None:
    with acting_as(None):
        set_actor(KEY)
        assert current_actor() == KEY
    assert current_actor() == SYSTEM


def test_a_process_is_somebody_in_all_its_threads() -> None:
    seen = []
    set_process_actor(Actor("system", "worker"))
    with acting_as(STAFF):
        thread = Thread(target=lambda: seen.append(current_actor()))
        thread.start()
        thread.join()
    assert seen == [Actor("system", "worker")]


def test_an_operator_has_a_pseudonym_of_this_installation_alone() -> None:
    one = operator_of("ada", root_secret=SECRET)
    assert one == operator_of("ada", root_secret=SECRET)
    assert one.kind == "operator"
    assert "ada" not in one.id
    assert one != operator_of("bob", root_secret=SECRET)
    assert one != operator_of("ada", root_secret=b"t" * 32)
