from datetime import UTC, datetime
from typing import Any

from gilfoyle.lib.rule_settings import Rule
from videos.management.rules_telling import records_in_words, replay_as_json, replay_in_words
from videos.moderation.replaying import Example, Outcome, Record, Replay, WouldStop

NOW = datetime(2027, 1, 2, tzinfo=UTC)


def rule(name: str, **do: Any) -> Rule:
    return Rule.model_validate({"name": name, "when": {"duration_s_min": 9}, "do": do})


def test_what_a_rule_did_is_told_in_words() -> None:
    did = Record(rule("long", hold=True), 3, 2, 1, NOW, {"fine": 1, "acted_on": 2, "undecided": 0}, ["prj_1"])
    text = records_in_words([did, Record(rule("idle", flag=True))], days=1)
    assert text.splitlines() == [
        "long",
        "  When a video is uploaded or becomes playable, and it is 9 s long or longer:",
        "  hold it until it is reviewed.",
        (
            "  3 times in 1 day (2 held, 1 only noted), last 2027-01-02T00:00:00Z: 1 later found to be fine, 2 acted on by a "
            "person, 0 decided by nobody."
        ),
        "  HAS STOPPED ITSELF in prj_1: change the rule to begin anew.",
        "",
        "idle",
        "  When a video is uploaded or becomes playable, and it is 9 s long or longer:",
        "  open a case (tos_other).",
        "  Never in 1 day.",
    ]


def test_what_a_rule_would_have_done_is_told_with_what_is_not_known() -> None:
    outcome = Outcome(rule("long", hold=True))
    outcome.verdicts["fine"] = 2
    outcome.examples = [Example("vid_1", "prj_1", NOW, "fine")]
    outcome.stops = [WouldStop("prj_1", NOW, 1)]
    told = Replay(NOW, NOW, [outcome, Outcome(rule("idle", flag=True))], 7, 3, 2, ["vid_9"])
    text = replay_in_words(told)
    assert (
        "  Would have held 2: 2 later found to be fine, 0 acted on by a person, 0 decided by nobody." in text
    )
    assert "  WOULD HAVE STOPPED ITSELF in prj_1 at 2027-01-02T00:00:00Z; 1 of them came later." in text
    assert "  Would have flagged nothing." in text
    assert "People acted in 3 cases; 2 of them no rule would have caught, as of vid_9." in text
    assert text.endswith("Nothing was changed.")
    assert [one["would_hold"] for one in replay_as_json(told)["rules"]] == [2, 0]
    assert "People acted on no video" in replay_in_words(Replay(NOW, NOW, []))
