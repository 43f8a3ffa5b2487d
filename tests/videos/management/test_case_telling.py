import json

import pytest

from tests.videos.moderation.making import make_case
from videos.management.case_telling import (
    case_as_json,
    case_in_words,
    cases_in_words,
    printable,
    whole_case_as_json,
)

pytestmark = pytest.mark.django_db


def test_strangers_words_stay_in_their_line() -> None:
    assert printable("a\x1b]0;b\nc\u202e") == "a ]0;b c "


def test_a_case_is_told_in_json_that_can_be_read_and_in_lines() -> None:
    case = make_case(reason="hate", evidence=["https://example.org/a"])
    case.refresh_from_db()
    case.unkept_reports = 12
    told = json.loads(json.dumps(whole_case_as_json(case)))
    assert told["reports"][0]["evidence"] == ["https://example.org/a"]
    assert case_as_json(case).items() <= whole_case_as_json(case).items()
    assert "https://example.org/a" in case_in_words(told)
    assert "  and 12 more by the public form, counted and not kept" in case_in_words(told)
    assert len(cases_in_words([case, case]).splitlines()) == 3
