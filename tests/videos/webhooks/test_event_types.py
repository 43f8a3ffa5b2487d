from tests.embedded import ROOT
from videos.webhooks.event_types import CHOICES, EVENT_TYPES, TEST, wants


def test_an_empty_choice_is_all() -> None:
    assert wants((), "video.ready")
    assert wants(["video.ready"], "video.ready")
    assert not wants(["video.ready"], "video.failed")


def test_a_test_is_nothing_to_choose_and_all_else_is() -> None:
    assert set(EVENT_TYPES) - set(CHOICES) == {TEST}


def test_names_fit_into_their_column_and_are_told_in_the_docs() -> None:
    assert max(map(len, EVENT_TYPES)) <= 40
    text = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")
    assert [name for name in EVENT_TYPES if f"| `{name}` |" not in text] == []
