from hypothesis import given
from hypothesis import strategies as st

from videos.moderation.sealed import open_text, person_of, seal_text, viewer_of

SECRET = b"s" * 32


@given(st.text(max_size=200))
def test_what_is_sealed_opens_for_its_own_row_alone(text: str) -> None:
    sealed = seal_text(text, owner="rep_1", root_secret=SECRET)
    assert open_text(sealed, owner="rep_1", root_secret=SECRET) == text
    assert open_text(memoryview(sealed), owner="rep_1", root_secret=SECRET) == text
    assert open_text(sealed, owner="rep_2", root_secret=SECRET) is None
    assert open_text(sealed, owner="rep_1", root_secret=b"t" * 32) is None
    assert open_text(sealed[:-1], owner="rep_1", root_secret=SECRET) is None


def test_what_was_erased_is_nothing() -> None:
    assert open_text(b"", owner="rep_1", root_secret=SECRET) is None


def test_a_person_is_the_same_in_one_project_and_another_in_the_next() -> None:
    alice = person_of("alice", project_id="p", root_secret=SECRET)
    assert alice == person_of("alice", project_id="p", root_secret=SECRET)
    others = {
        person_of("bob", project_id="p", root_secret=SECRET),
        person_of("alice", project_id="q", root_secret=SECRET),
        person_of("alice", project_id="p", root_secret=b"t" * 32),
    }
    assert len(others) == 3
    assert alice not in others
    assert person_of("", project_id="p", root_secret=SECRET) == ""


def test_a_viewer_is_another_one_in_each_video() -> None:
    viewers = {viewer_of(video, b"12345678", root_secret=SECRET) for video in ("a", "b")}
    viewers |= {person_of("12345678", project_id=project, root_secret=SECRET) for project in ("a", "b")}
    assert len(viewers) == 4
    assert viewer_of("a", b"12345678", root_secret=SECRET) in viewers
