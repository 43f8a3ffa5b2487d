from typing import Any

import dramatiq
import pytest

from videos.uploads import actors, sealing, settling


def test_a_nudge_names_its_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(settling, "settle_upload", lambda **asking: asked.append(asking["upload_id"]))
    actors.settle_upload.fn("upl_1")
    assert asked == ["upl_1"]


def test_a_nudge_names_the_upload_whose_source_is_to_be_encrypted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(sealing, "seal_source", lambda **asking: asked.append(asking["upload_id"]))
    actors.seal_source.fn("upl_1")
    assert asked == ["upl_1"]
    assert dramatiq.get_broker().get_actor("seal_source") is actors.seal_source


def test_work_is_sent_to_it_by_this_name() -> None:
    assert dramatiq.get_broker().get_actor("settle_upload") is actors.settle_upload
