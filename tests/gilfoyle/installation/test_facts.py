import pytest

from gilfoyle.installation.facts import find_fact, note_first, note_instead

pytestmark = pytest.mark.django_db


def test_who_comes_first_is_noted_and_who_comes_second_is_told() -> None:
    assert find_fact("secret") is None
    assert note_first("secret", "one") == "one"
    assert note_first("secret", "two") == "one"
    note_instead("secret", "two")
    assert find_fact("secret") == "two"
