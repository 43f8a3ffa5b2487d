from hypothesis import given
from hypothesis import strategies as st

from videos.catalog.states import RESTRICTIONS
from videos.catalog.terms import FREE, PlaybackTerms, strictest

COUNTRIES = st.sets(st.sampled_from(["DE", "FR", "US"])).map(lambda found: tuple(sorted(found)))
TERMS = st.builds(PlaybackTerms, st.sampled_from(RESTRICTIONS), st.booleans(), st.booleans(), COUNTRIES)


def test_of_nothing_is_free() -> None:
    assert strictest([]) == FREE == PlaybackTerms()


@given(st.lists(TERMS, max_size=5))
def test_no_restriction_is_weakened_by_another(all_terms: list[PlaybackTerms]) -> None:
    found = strictest(all_terms)
    for one in all_terms:
        assert RESTRICTIONS.index(found.level) >= RESTRICTIONS.index(one.level)
        assert found.needs_age >= one.needs_age
        assert found.embedding_off >= one.embedding_off
        assert set(found.blocked_countries) >= set(one.blocked_countries)
    assert strictest(reversed(all_terms)) == found
