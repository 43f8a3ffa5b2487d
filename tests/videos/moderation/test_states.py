from videos.moderation import states


def reachable(begin: str) -> set[str]:
    found, left = {begin}, [begin]
    while left:
        for wanted in states.CASE_TRANSITIONS[left.pop()] - found:
            found.add(wanted)
            left.append(wanted)
    return found


def test_the_table_names_every_state_and_no_other() -> None:
    assert set(states.CASE_TRANSITIONS) == set(states.CASE_STATES)
    assert {one for wanted in states.CASE_TRANSITIONS.values() for one in wanted} <= set(states.CASE_STATES)
    assert reachable(states.OPEN) == set(states.CASE_STATES)


def test_what_is_merged_or_closed_only_an_appeal_moves() -> None:
    assert states.CASE_TRANSITIONS[states.MERGED] == {states.APPEALED}
    assert states.CASE_TRANSITIONS[states.CLOSED] == {states.APPEALED}


def test_every_other_state_leads_to_an_end() -> None:
    for state in states.CASE_STATES:
        assert states.CLOSED in reachable(state)


def test_states_are_grouped_as_they_are_used() -> None:
    assert set(states.DECIDABLE) < set(states.UNDECIDED)
    assert not {states.CLOSED, states.MERGED, states.SNOOZED} & set(states.QUEUED)
    assert (
        states.REQUEST_TRANSITIONS[states.DONE] == states.REQUEST_TRANSITIONS[states.REFUSED] == frozenset()
    )
    assert set(states.REQUEST_TRANSITIONS) == set(states.REQUEST_STATES)
    assert states.REPORTED in states.REPORT_STATES
    assert states.APPEAL_OPEN in states.APPEAL_STATES
