import pytest
from dramatiq.brokers.stub import StubBroker

from videos.fingerprints import actors


@pytest.mark.parametrize(("is_more", "messages"), [(True, 1), (False, 0)])
def test_what_is_left_is_another_message_s_work(
    is_more: bool, messages: int, stub_broker: StubBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actors, "search", lambda: is_more)
    actors.search_library()
    assert stub_broker.queues["default"].qsize() == messages
