"""What a reviewer does leaves the same behind by whichever way: the admin's pages, commands, and of a consumer the API.

Only one way offers: claiming, escalating, setting aside, answering appeals and being the second person (the admin),
giving a case to another (commands), reporting and appealing (the API).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone

from gilfoyle.lib import events
from tests.admin_pages import client_of, page
from tests.factories import Account, make_account
from tests.videos.management.operating import run
from tests.videos.moderation.making import CONSUMER, SECOND, make_case, make_playing
from tests.videos.moderation.pages import bulk, decide, step_of, user_of
from videos.access.models import Project, UploadFreeze
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.moderation import services
from videos.moderation.deciding import Verdict
from videos.moderation.models import (
    Case,
    CaseNote,
    Decision,
    LiftRequest,
    PurgeRequest,
    Report,
    Restriction,
    Strike,
)
from videos.moderation.policy import PROJECT, Kind

pytestmark = pytest.mark.django_db
ID = re.compile(r"\b([a-z]{2,5})_[0-9A-Za-z]{16,18}\b")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.+Z]+")
WEEK = (timezone.now() + timedelta(days=7)).strftime("%Y-%m-%dT%H:%M:%SZ")
WORDS = {"explanation": "It hurts people.", "facts": "Seen from 0:42 to 1:10.", "ground": "Section 130"}
# What is compared of each kind of row of the project, behind what orders them; who did it, and when, is not.
COMPARED: dict[type[Any], tuple[str, ...]] = {
    Decision: (
        "created_at",
        *("kind", "target_type", "target_id", "reason", "ground_reference", "facts", "explanation"),
        *("parameters", "channel", "is_automated", "supersedes_id", "case_id"),
    ),
    Restriction: (
        "starts_at",
        "kind",
        "target_type",
        "target_id",
        "parameters",
        "is_consumers",
        "decision_id",
        "lifted_by_id",
    ),
    Case: (
        "opened_at",
        "state",
        "reasons",
        "severity",
        "is_held",
        "is_escalated",
        "report_count",
        "claimed_by",
    ),
    Report: ("created_at", "reason", "channel", "state"),
    Strike: ("created_at", "target_type", "weight"),
    PurgeRequest: ("requested_at", "video_id", "state", "decision_id"),
    LiftRequest: ("requested_at", "explanation", "state", "decision_id"),
    UploadFreeze: ("frozen_at", "target_type", "target_id"),
    Video: ("created_at", "restriction", "legal_hold", "status"),
}


@dataclass
class World:
    """A project with a video that plays, whose case is open if there is one."""

    account: Account = field(default_factory=make_account)
    video: Video = field(init=False)
    case: Case | None = None

    def __post_init__(self) -> None:
        self.video = make_playing(self.account.project, creator_id="user-17")

    @property
    def open_case(self) -> Case:
        assert self.case is not None
        return self.case


class Ways:
    """The ways of acting. Each is given a world, and does one thing in it."""

    def __init__(self, admin: Client) -> None:
        self.admin = admin

    def step(self, name: str, **sent: str) -> Callable[[World], None]:
        def press(world: World) -> None:
            assert self.admin.post(step_of(world.open_case, name), sent).status_code == 302

        return press

    def decide(self, kind: str, **sent: str) -> Callable[[World], None]:
        def press(world: World) -> None:
            assert decide(self.admin, world.open_case, kind, **sent).status_code == 302

        return press

    def restrict(self, kind: str, **sent: str) -> Callable[[World], None]:
        """By the button on a video's page, and then in the case that it leads to."""

        def press(world: World) -> None:
            self.admin.post(page("videos_video", world.video.pk, "review"))
            world.case = Case.objects.get(project=world.account.project)
            self.decide(kind, **sent)(world)

        return press

    def bulk(self, **sent: str) -> Callable[[World], None]:
        def press(world: World) -> None:
            case = world.open_case
            seen = {"confirmed": "1", f"version-{case.pk}": str(case.version)}
            assert bulk(self.admin, [case], **sent, **seen).status_code == 302

        return press


def typed(*argv: str) -> Callable[[World], None]:
    """A command; VIDEO and CASE stand for their ids."""

    def act(world: World) -> None:
        known = {"VIDEO": world.video.pk, "CASE": world.case.pk if world.case else ""}
        code, printed = run(*(known.get(word, word) for word in argv))
        assert code in {0, 1}, printed

    return act


def reported(world: World) -> None:
    world.case = make_case(world.video, "hate")


def project_reported(world: World) -> None:
    project = world.account.project
    filing = services.Filing(PROJECT, project.pk, "spam")
    report, _ = services.file_report(project=project, filing=filing, by=CONSUMER)
    world.case = report.case


def decided(kind: Kind, reason: str) -> Callable[[World], None]:
    def prepare(world: World) -> None:
        reported(world)
        services.decide(case_id=world.open_case.pk, verdict=Verdict(kind, reason), by=SECOND)

    return prepare


def untouched(_world: World) -> None:
    pass


def press_reverse(ways: Ways) -> Callable[[World], None]:
    def press(world: World) -> None:
        decision = Decision.objects.get(case=world.open_case)
        ways.step("reverse", decision=decision.pk, explanation="Wrong.")(world)

    return press


Prepare = Callable[[World], None]
Act = Callable[[Ways], Callable[[World], None]]
CASE_DECIDE = ("case", "decide", "CASE")
SIMPLE = ("no_action", "hold", "age_label", "embedding_off", "restrict", "legal_hold", "purge")


def simply(kind: str) -> list[Act]:
    return [lambda ways: ways.decide(kind), lambda _: typed(*CASE_DECIDE, kind, "--reason", "hate")]


ROWS: dict[str, tuple[Prepare, list[Act]]] = {
    **{
        f"decide {kind}": (
            reported,
            simply(kind),
        )
        for kind in SIMPLE
    },
    "decide with words": (
        reported,
        [
            lambda ways: ways.decide(
                "block",
                explanation=WORDS["explanation"],
                facts=WORDS["facts"],
                ground_reference=WORDS["ground"],
                ends="7d",
            ),
            lambda _: typed(
                *CASE_DECIDE,
                "block",
                *(word for name, text in WORDS.items() for word in (f"--{name}", text)),
                *("--until", WEEK),
            ),
        ],
    ),
    "decide geo_block": (
        reported,
        [
            lambda ways: ways.decide("geo_block", countries="fr, DE"),
            lambda _: typed(*CASE_DECIDE, "geo_block", "--country", "de", "--country", "FR"),
        ],
    ),
    "decide freeze_uploads": (
        reported,
        [
            lambda ways: ways.decide("freeze_uploads"),
            lambda _: typed(*CASE_DECIDE, "freeze_uploads", "--of", "creator:user-17"),
        ],
    ),
    "decide suspend_project": (
        project_reported,
        [
            lambda ways: ways.decide("suspend_project", reason="spam"),
            lambda _: typed(*CASE_DECIDE, "suspend_project"),
        ],
    ),
    "decide block, one or many": (
        reported,
        [
            lambda ways: ways.decide("block", explanation="No."),
            lambda ways: ways.bulk(kind="block", reason="hate", explanation="No."),
            lambda _: typed(*CASE_DECIDE, "block", "--explanation", "No."),
            lambda _: typed("restrict", "VIDEO", "--level", "blocked", "--reason", "hate", "--note", " No. "),
        ],
    ),
    "note": (
        reported,
        [
            lambda ways: ways.step("note", text="Waits for the lawyer."),
            lambda _: typed("case", "note", "CASE", "Waits for the lawyer."),
        ],
    ),
    **{
        f"take back {kind} for {reason}": (
            decided(kind, reason),
            [press_reverse, lambda _: typed("release", "VIDEO", "--note", "Wrong.")],
        )
        for kind, reason in (
            (Kind.HOLD, "hate"),
            (Kind.BLOCK, "minor_safety"),
            (Kind.BLOCK, "court_order"),
        )
    },
}
LEVELS = {"held": "hold", "restricted": "restrict", "blocked": "block"}


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[events.Event]:
    """Everything that is told in the house."""
    found: list[events.Event] = []
    real = events._handlers

    class Listening(dict[type[events.Event], list[Callable[[Any], None]]]):
        def __getitem__(self, event_type: type[events.Event]) -> list[Callable[[Any], None]]:
            return [found.append, *real[event_type]]

    monkeypatch.setattr(events, "_handlers", Listening())
    return found


@pytest.fixture
def ways(db: None) -> Ways:
    return Ways(client_of(user_of("administrator")))


def rows_of(project: Project) -> Iterator[tuple[str, Any]]:
    for model, (moment, *names) in COMPARED.items():
        every: QuerySet[Any] = QuerySet(model)
        for row in every.filter(project=project).order_by(moment):
            told = {name: getattr(row, name) for name in names}
            told |= {f"{name}?": bool(getattr(row, name, None)) for name in ("ends_at", "ended_at")}
            yield model.__name__, told


def left_behind(prepare: Prepare, act: Callable[[World], None], heard: list[events.Event]) -> dict[str, Any]:
    """Let somebody act in a world of its own; returns all that this left, without who, when and the ids' accident."""
    world = World()
    prepare(world)
    heard.clear()
    before = set(AuditEntry.objects.values_list("pk", flat=True))
    act(world)
    project = Project.objects.get(pk=world.account.project.pk)
    entries = AuditEntry.objects.filter(project_id=project.pk).exclude(pk__in=before).order_by("id")
    told = {
        "entries": [
            [one.verb, one.object_type, one.object_id, one.data, bool(one.personal_commitment)]
            for one in entries
        ],
        "rows": list(rows_of(project)),
        "notes": CaseNote.objects.filter(case__project=project).count(),
        "is_suspended": project.is_suspended,
        "events": [[type(one).__name__, vars_of(one)] for one in heard],
    }
    text = MOMENT.sub("MOMENT", json.dumps(told, default=str)).replace(str(project.pk), "PROJECT")
    numbers: dict[str, str] = {}
    named: dict[str, Any] = json.loads(
        ID.sub(lambda found: numbers.setdefault(found[0], f"{found[1]} {len(numbers)}"), text)
    )
    return named


def vars_of(event: Any) -> dict[str, Any]:
    return {name: getattr(event, name) for name in event.__dataclass_fields__}


@pytest.mark.parametrize("name", ROWS)
def test_a_step_leaves_the_same_by_each_way(name: str, ways: Ways, heard: list[events.Event]) -> None:
    prepare, acts = ROWS[name]
    first, *others = (left_behind(prepare, act(ways), heard) for act in acts)
    assert first["entries"]
    for other in others:
        assert other == first


@pytest.mark.parametrize("level", LEVELS)
def test_a_video_that_nobody_reported_is_restricted_alike(
    level: str, ways: Ways, heard: list[events.Event]
) -> None:
    """A consumer has no case and no strike, and the page of a video opens its case before there is a reason."""
    page_way = ways.restrict(LEVELS[level], explanation="No.", ends="7d")
    command = typed(
        "restrict", "VIDEO", "--level", level, "--reason", "hate", "--note", "No.", "--until", WEEK
    )

    def call(world: World) -> None:
        sent = {"level": level, "reason": "hate", "note": "No.", "ends_at": WEEK}
        address = f"/api/v1/videos/{world.video.pk}/restriction"
        assert world.account.client().put(address, sent, format="json").status_code == 200

    by_page, by_command, by_call = (left_behind(untouched, one, heard) for one in (page_way, command, call))
    opened = by_page["entries"][0], by_command["entries"][0]
    assert [entry[0] for entry in opened] == ["case.opened", "case.opened"]
    assert [entry[3].pop("reason") for entry in opened] == ["tos_other", "hate"]
    assert by_page == by_command
    assert without_case(by_call) == without_case(by_command)


def without_case(told: dict[str, Any]) -> dict[str, Any]:
    """What there is of a restriction beside its case: what was decided, restricted and told of the video."""
    of_both = {"kind", "reason", "target_type"}
    verbs = {"restriction.decided": "decided", "case.decided": "decided"}
    rows = [(name, row) for name, row in told["rows"] if name in {"Decision", "Restriction", "Video"}]
    apart = {"case_id", "decision_id", "target_id", "channel", "is_automated", "is_consumers"}

    def of_row(row: dict[str, Any]) -> dict[str, Any]:
        told = {name: value for name, value in row.items() if name not in apart}
        return told | {name: bool(told[name]) for name in ("lifted_by_id", "supersedes_id") if name in told}

    return {
        "entries": sorted(
            (verbs.get(verb, verb), sorted((name, data[name]) for name in of_both & data.keys()))
            for verb, _type, _id, data, _personal in told["entries"]
            if not verb.startswith(("case.opened", "strike."))
        ),
        "rows": [(name, of_row(row)) for name, row in rows],
        "events": sorted(name for name, _ids in told["events"] if name != "CaseOpened"),
    }


def test_a_consumer_takes_its_own_back_as_a_reviewer_does(heard: list[events.Event]) -> None:
    def restricted_own(world: World) -> None:
        services.restrict_own(video=world.video, level="blocked", reason="hate", note="", by=CONSUMER)

    def call(world: World) -> None:
        address = f"/api/v1/videos/{world.video.pk}/restriction"
        assert world.account.client().delete(address).status_code == 200

    by_call = left_behind(restricted_own, call, heard)
    by_command = left_behind(decided(Kind.BLOCK, "hate"), typed("release", "VIDEO"), heard)
    assert without_case(by_call) == without_case(by_command)
