from typing import Any

import pytest

from gilfoyle.lib.rule_settings import Rule
from videos.moderation.rule_words import action_words, condition_words, doubts


def rule(when: dict[str, Any], do: dict[str, Any] | None = None, **more: Any) -> Rule:
    return Rule.model_validate({"name": "one", "when": when, "do": do or {"hold": True}, **more})


@pytest.mark.parametrize(
    ("when", "words"),
    [
        (
            {"reports_weighted_min": 3, "reports_distinct_min": 2, "severity_min": 50, "reasons": ["hate", "spam"]},
            ("When a report comes, and reports of the last 24 h for hate or spam of severity 50 or more come from 2 "
            "people or more and weigh 3 or more"),
        ),
        (
            {"reasons": ["csam"], "within_h": 1},
            "When a report comes, and reports of the last 1 h for csam are there",
        ),
        (
            {"creator_age_h_max": 24, "uploads_min": 20, "within_h": 1, "duration_s_max": 9.5},
            ("When a video is uploaded or becomes playable, and its creator uploaded 20 videos or more in the last 1 h; "
            "and its creator's first upload was no more than 24 h ago; and it is 9.5 s long or shorter"),
        ),
        (
            {"match_share_min": 0.3, "duration_s_min": 1, "duration_s_max": 2, "projects": ["prj_1", "prj_2"]},
            ("When something banned is recognised, and it is 1 to 2 s long; and 30% of the video or more was "
            "recognised; and it is in the project prj_1 or prj_2"),
        ),
        (
            {"duration_s_min": 60},
            "When a video is uploaded or becomes playable, and it is 60 s long or longer",
        ),
    ],
)  # fmt: skip
def test_a_condition_reads_as_a_sentence(when: dict[str, Any], words: str) -> None:
    assert condition_words(rule(when)) == words


def test_what_follows_reads_as_a_sentence() -> None:
    when = {"uploads_min": 1}
    assert action_words(rule(when)) == "hold it until it is reviewed"
    done = rule(when, {"hold": True, "hold_h": 72, "flag": True, "priority": 5}, shadow=True, reason="spam")
    words = "only note that it would hold it for 72 h and open a case (spam) and add 5 to its priority"
    assert action_words(done) == words


def test_what_can_not_be_meant_so_is_told() -> None:
    odd = rule(
        {
            "duration_s_min": 9,
            "duration_s_max": 3,
            "severity_min": 60,
            "reasons": ["spam"],
            "projects": ["prj_1", "prj_2"],
        }
    )
    told = doubts(odd, projects={"prj_1"})
    assert [words.split(":")[0] for words in told] == [
        "It is never true",
        "It is never true",
        "There is no project prj_2 here.",
        "It holds only what 2 people reported",
    ]
    assert doubts(rule({"duration_s_min": 3, "duration_s_max": 9}), projects=()) == []
