from gilfoyle.lib.api_guide import DESCRIPTION, TAGS
from tests.embedded import ROOT


def test_groups_have_names_and_words() -> None:
    names = [tag["name"] for tag in TAGS]
    assert len(set(names)) == len(names)
    assert all(tag["description"].endswith(".") for tag in TAGS)


def test_the_page_that_it_sends_to_is_there() -> None:
    assert "docs/api.md" in DESCRIPTION
    assert (ROOT / "docs" / "api.md").is_file()
