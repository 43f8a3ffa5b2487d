from videos.uploads import states


def test_an_ended_upload_stays_ended() -> None:
    assert {
        "receiving": {"finished", "aborted"},
        "finished": frozenset(),
        "aborted": frozenset(),
    } == states.TRANSITIONS
