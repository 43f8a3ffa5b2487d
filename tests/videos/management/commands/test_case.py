import json

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError

from tests.videos.management.operating import OPERATOR, run
from tests.videos.moderation.making import make_case, make_playing
from videos.access.models import UploadFreeze
from videos.audit.models import AuditEntry
from videos.moderation.models import Case, Decision

pytestmark = pytest.mark.django_db


def test_list_shows_what_waits_and_programs_get_a_line_a_case() -> None:
    case = make_case(reason="hate")
    closed = make_case(reason="spam")
    run("case", "decide", closed.pk, "no_action")
    code, printed = run("case", "list")
    assert code == 0
    assert case.pk in printed
    assert closed.pk not in printed
    lines = run("case", "list", "--all", "--json")[1].splitlines()
    assert {json.loads(line)["id"]: json.loads(line)["state"] for line in lines} == {
        case.pk: "open",
        closed.pk: "closed",
    }
    assert run("case", "list", "--reason", "csam")[1] == "No case.\n"
    assert len(run("case", "list", "--all", "--limit", "1", "--json")[1].splitlines()) == 1


def test_show_tells_all_of_it_and_who_looked_stands_in_the_audit() -> None:
    case = make_case(comment="From 0:42 on.\x1b[2J", at_s=42.0)
    run("case", "note", case.pk, "Waits for the lawyer.")
    printed = run("case", "show", case.pk)[1]
    assert "From 0:42 on." in printed
    assert "\x1b" not in printed  # no stranger steers the terminal
    told = json.loads(run("case", "show", case.pk, "--json")[1])
    assert told["reports"][0]["comment"].startswith("From 0:42 on.")
    assert [note["text"] for note in told["notes"]] == ["Waits for the lawyer."]
    seen = AuditEntry.objects.filter(verb="case.viewed", object_id=case.pk)
    assert {(one.actor_kind, one.actor_id) for one in seen} == {("operator", OPERATOR.id)}


def test_decide_takes_the_severest_reason_where_none_is_named() -> None:
    case = make_case(reason="hate")
    told = json.loads(run("case", "decide", case.pk, "block", "--explanation", "No.", "--json")[1])
    decision = Decision.objects.get()
    assert (told["decision_id"], told["state"]) == (decision.pk, "closed")
    assert (decision.reason, decision.explanation) == ("hate", "No.")


def test_decide_about_who_is_behind_it() -> None:
    case = make_case(make_playing(creator_id="user-17"))
    code, _ = run("case", "decide", case.pk, "freeze_uploads", "--of", "creator:user-17")
    case.refresh_from_db()
    assert (code, case.state) == (0, "open")
    assert UploadFreeze.objects.get().target_id == "user-17"
    run("case", "decide", case.pk, "geo_block", "--country", "de", "--country", "FR")
    assert Decision.objects.get(kind="geo_block").parameters == {"countries": ["DE", "FR"]}


def test_a_try_of_a_decision_changes_nothing() -> None:
    case = make_case()
    before = AuditEntry.objects.count()
    printed = run("case", "decide", case.pk, "block", "--dry-run")[1]
    assert "would be closed" in printed
    case.refresh_from_db()
    assert (case.state, AuditEntry.objects.count()) == ("open", before)
    assert not Decision.objects.exists()


def test_a_purge_by_an_operator_waits_for_somebody_else() -> None:
    case = make_case()
    assert "Another person must agree" in run("case", "decide", case.pk, "purge")[1]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("show", "cse_none"), "no such case"),
        (("decide", "cse_none", "block"), "no such case"),
        (("decide", "CASE", "lift"), "invalid choice"),
        (("decide", "CASE", "block", "--case-version", "999"), "has changed"),
        (("decide", "CASE", "freeze_uploads", "--of", "creator:somebody"), "not about that"),
        (("note", "CASE", " "), "1 to 3000 characters"),
        (("assign", "CASE", "nobody"), "no account of staff"),
        (("list", "--state", "lost"), "invalid choice"),
    ],
)
def test_what_is_wrong_is_said(argv: tuple[str, ...], words: str) -> None:
    case_id = make_case().pk
    with pytest.raises(CommandError, match=words):
        run("case", *(case_id if word == "CASE" else word for word in argv))
    assert not Decision.objects.exists()


def test_a_case_without_a_report_is_decided_with_a_reason() -> None:
    run("restrict", make_playing().pk, "--level", "held", "--reason", "hate")
    Case.objects.update(reasons=[])
    with pytest.raises(CommandError, match="--reason"):
        run("case", "decide", Case.objects.get().pk, "block")


def test_assign_gives_it_to_somebody_who_may_decide_it() -> None:
    users = get_user_model().objects
    ada = users.create_superuser("ada", password=None)
    users.create_user("eve", is_staff=True)
    case = make_case()
    told = json.loads(run("case", "assign", case.pk, "ada", "--json")[1])
    case.refresh_from_db()
    assert (told["state"], case.assignee_id, case.claimed_by) == ("claimed", ada.pk, f"staff:{ada.pk}")
    with pytest.raises(CommandError, match="permission"):
        run("case", "assign", case.pk, "eve")
