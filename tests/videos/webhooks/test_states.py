from videos.webhooks import states


def test_every_status_has_its_moves_and_what_ended_can_be_replayed() -> None:
    assert set(states.TRANSITIONS) == set(states.STATUSES)
    assert set(states.leading_to(states.WAITING)) == {states.SENDING, *states.ENDED}
    assert set(states.leading_to(states.FAILED)) == {states.WAITING, states.SENDING}
    assert states.leading_to(states.SENDING) == (states.WAITING,)
    assert states.leading_to(states.DELIVERED) == (states.SENDING,)
