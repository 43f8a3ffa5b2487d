import re

from videos.access.pseudonyms import pseudonym_of


def test_one_for_each_creator_project_and_secret() -> None:
    made = {
        pseudonym_of(creator, project_id=project, root_secret=secret)
        for creator in ("user-17", "user-18", "\ud800")
        for project in ("a", "b")
        for secret in (b"one", b"two")
    }
    assert len(made) == 12
    assert all(re.fullmatch("erased_[0-9a-f]{32}", one) for one in made)
    again = pseudonym_of("user-17", project_id="a", root_secret=b"one")
    assert again == pseudonym_of("user-17", project_id="a", root_secret=b"one")
