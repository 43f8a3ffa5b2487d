from videos.uploads import states


def test_an_ended_upload_stays_ended() -> None:
    assert {
        "receiving": {"finished", "aborted"},
        "finished": frozenset(),
        "aborted": frozenset(),
    } == states.TRANSITIONS


def test_what_leads_to_a_status_is_read_from_the_table() -> None:
    assert states.leading_to("finished") == states.leading_to("aborted") == ("receiving",)
    assert states.leading_to("receiving") == ()
