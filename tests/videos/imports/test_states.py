import pytest

from videos.imports import states


def test_what_has_ended_stays_so() -> None:
    assert [status for status in states.STATUSES if not states.TRANSITIONS[status]] == [
        "finished",
        "failed",
        "cancelled",
    ]
    assert set(states.LIVE) | {"finished", "failed", "cancelled"} == set(states.STATUSES)


@pytest.mark.parametrize(
    ("wanted", "before"),
    [
        ("fetching", {"waiting"}),
        ("waiting", {"fetching"}),
        ("finished", {"fetching"}),
        ("failed", {"fetching"}),
        ("cancelled", {"waiting", "fetching"}),
    ],
)
def test_what_may_become_what(wanted: str, before: set[str]) -> None:
    assert set(states.leading_to(wanted)) == before
