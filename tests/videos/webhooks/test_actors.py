from typing import Any

import pytest

from videos.webhooks import actors


def test_the_actor_goes_on_until_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    left: list[bool] = [True, True, False]
    monkeypatch.setattr(actors, "run_next_delivery", lambda: left.pop(0))
    actors.deliver_webhooks()
    assert left == []


def test_it_has_a_queue_of_its_own_and_rows_instead_of_retries() -> None:
    actor: Any = actors.deliver_webhooks
    assert actor.queue_name == "deliver"
    assert actor.options["max_retries"] == 0
