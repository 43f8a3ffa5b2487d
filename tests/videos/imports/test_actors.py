import dramatiq
import pytest

from videos.imports import actors


def test_a_nudge_does_all_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = iter([True, True, False])
    monkeypatch.setattr(actors, "run_next_import", lambda: next(waiting))
    actors.run_import.fn()
    assert list(waiting) == []


def test_work_is_sent_to_it_by_this_name() -> None:
    assert dramatiq.get_broker().get_actor("run_import") is actors.run_import
