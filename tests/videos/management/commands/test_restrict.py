import json

import pytest
from django.core.management import CommandError

from tests.videos.management.operating import OPERATOR, run
from tests.videos.moderation.making import make_playing
from videos.audit.models import AuditEntry
from videos.moderation.models import Case, Decision

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("level", ["held", "restricted", "blocked"])
def test_it_restricts_and_the_operator_is_named(level: str) -> None:
    video = make_playing()
    code, printed = run("restrict", video.pk, "--level", level, "--reason", "copyright", "--note", "Notice.")
    video.refresh_from_db()
    decision = Decision.objects.get()
    assert (code, video.restriction, decision.explanation) == (0, level, "Notice.")
    assert decision.decided_by == f"operator:{OPERATOR.id}"
    entries = AuditEntry.objects.exclude(verb="project.created")
    assert {(one.actor_kind, one.actor_id) for one in entries} == {("operator", OPERATOR.id)}
    assert decision.pk in printed


def test_a_try_tells_and_changes_nothing() -> None:
    video = make_playing()
    argv = (video.pk, "--level", "blocked", "--reason", "hate", "--dry-run")
    code, printed = run("restrict", *argv)
    assert (code, "would be blocked" in printed) == (0, True)
    told = json.loads(run("restrict", *argv, "--json")[1])
    assert (told["level"], told["is_dry_run"], told["decision_id"]) == ("blocked", True, None)
    video.refresh_from_db()
    assert video.restriction == "none"
    assert not Case.objects.exists()
    assert not AuditEntry.objects.exclude(verb="project.created").exists()


def test_it_tells_programs_what_came_of_it_and_when_it_ends() -> None:
    video = make_playing()
    run("restrict", video.pk, "--level", "blocked", "--reason", "hate")
    argv = ("--level", "held", "--reason", "hate", "--until", "2999-01-31", "--json")
    told = json.loads(run("restrict", video.pk, *argv)[1])
    assert (told["video_id"], told["level"]) == (video.pk, "blocked")  # the stricter one counts
    assert told["ends_at"] == "2999-01-31T00:00:00Z"
    assert told["decision_id"] == Decision.objects.exclude(ends_at=None).get().pk


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--level", "held", "--reason", "hate"), "no such video"),
        (("--level", "held", "--reason", "because"), "invalid choice"),
        (("--level", "none", "--reason", "hate"), "invalid choice"),
        (("--level", "held", "--reason", "hate", "--until", "soon"), "no time such as"),
        (("--level", "held", "--reason", "hate", "--until", "2001-01-01"), "in the future"),
        (("--level", "restricted", "--reason", "csam"), "too mild"),
    ],
)
def test_what_is_wrong_is_said(argv: tuple[str, ...], words: str) -> None:
    video_id = "vid_0000000000000000000" if words == "no such video" else make_playing().pk
    with pytest.raises(CommandError, match=words) as refused:
        run("restrict", video_id, *argv)
    assert refused.value.returncode == 1
    assert not Decision.objects.exists()


def test_programs_get_the_refusal_as_json() -> None:
    code, printed = run("restrict", "nothing", "--level", "held", "--reason", "hate", "--json")
    assert (code, json.loads(printed)["error"]["code"]) == (1, "video_not_found")
