"""Whatever anybody calls in whatever order: states follow the table, restrictions have their entries, nothing plays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from gilfoyle.lib.errors import Refusal
from streaming.addresses import VideoAddress
from streaming.gate import Allowed, Known, Site, Wish, decide
from streaming.tokens.claims import ALL_SCOPES, VIEWER_SCOPES, Claims, KeyRecord, Scope, Token
from tests.factories import make_project
from tests.videos.moderation.making import (
    ADMINISTRATOR,
    AUDITOR,
    CONSUMER,
    REVIEWER,
    SECOND,
    SENIOR,
    make_playing,
)
from videos.access.models import Project
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.catalog.restrictions import terms_of_video
from videos.catalog.selectors import get_playback_policy
from videos.catalog.terms import strictest
from videos.moderation import services, states
from videos.moderation.models import Appeal, Case, Decision, LiftRequest, PurgeRequest, Restriction
from videos.moderation.policy import PROJECT, VIDEO, Kind, Power, Reviewer, terms_of
from videos.moderation.reasons import CODES
from videos.moderation.reviewers import reviewer_of_house
from videos.moderation.services import Filing, Verdict

PEOPLE = (REVIEWER, SENIOR, ADMINISTRATOR, SECOND, AUDITOR, CONSUMER, reviewer_of_house())
ANYBODY = st.sampled_from(PEOPLE)
NOW = 1_800_000_000
KEY = KeyRecord("abc123", "", "H", ALL_SCOPES, 12 * 3600, 0, "active")
KINDS = st.sampled_from([kind for kind in Kind if kind != Kind.LIFT])


def plays(video: Video, scope: Scope = VIEWER_SCOPES, country: str | None = None) -> bool:
    """Ask the gate itself for a segment, with a token that is good in every way."""
    claims = Claims(scope, NOW, NOW + 3600, b"8 bytes!", country=country)
    wish = Wish(VideoAddress("~", video.project_id, video.pk), rendition="v240")
    key = KeyRecord("abc123", video.project_id, "H", ALL_SCOPES, 12 * 3600, 0, "active")
    known = Known(key, is_signature_valid=True, policy=get_playback_policy(video.pk))
    token = Token("abc123", b"", b"", claims)
    return isinstance(decide(wish, token=token, known=known, site=Site(), now_s=NOW + 1), Allowed)


class Moderation(RuleBasedStateMachine):
    """Several videos of one project, and everybody who may, or may not, do something about them."""

    @initialize()
    def begin(self) -> None:
        self.project = make_project()
        self.videos = [make_playing(self.project, creator_id="mallory") for _ in range(2)]
        self.seen: dict[str, str] = {}

    def attempt(self, call: Callable[[], object]) -> None:
        """Do something, or be refused in words: nothing half done stays."""
        try:
            with transaction.atomic():
                call()
        except Refusal:
            pass

    def pick(self, model: Any, number: int) -> str:
        rows = list(model.objects.filter(project=self.project).order_by("pk").values_list("pk", flat=True))
        return str(rows[number % len(rows)]) if rows else "case_00000000000000000"

    @rule(number=st.integers(0, 1), reason=st.sampled_from(CODES), person=st.sampled_from(["", "a", "b"]))
    def report(self, number: int, reason: str, person: str) -> None:
        filing = Filing(VIDEO, self.videos[number].pk, reason, reporter=person)
        self.attempt(lambda: services.file_report(project=self.project, filing=filing, by=CONSUMER))

    @rule(number=st.integers(0, 5), by=ANYBODY)
    def claim(self, number: int, by: Reviewer) -> None:
        case_id = self.pick(Case, number)
        self.attempt(lambda: services.claim_case(case_id=case_id, by=by))

    @rule(number=st.integers(0, 5), by=ANYBODY, what=st.sampled_from(["release", "escalate", "snooze"]))
    def set_aside(self, number: int, by: Reviewer, what: str) -> None:
        case_id = self.pick(Case, number)
        until = timezone.now() + timedelta(days=1)
        calls: dict[str, Callable[[], object]] = {
            "release": lambda: services.release_case(case_id=case_id, by=by),
            "escalate": lambda: services.escalate_case(case_id=case_id, by=by),
            "snooze": lambda: services.snooze_case(case_id=case_id, until=until, by=by),
        }
        self.attempt(calls[what])

    @rule(one=st.integers(0, 5), other=st.integers(0, 5), by=ANYBODY)
    def merge(self, one: int, other: int, by: Reviewer) -> None:
        ids = self.pick(Case, one), self.pick(Case, other)
        self.attempt(lambda: services.merge_cases(case_id=ids[0], into_id=ids[1], by=by))

    @rule(
        number=st.integers(0, 5),
        by=ANYBODY,
        kind=KINDS,
        reason=st.sampled_from(CODES),
        ends=st.booleans(),
        about_project=st.booleans(),
    )
    def decide(
        self, number: int, by: Reviewer, kind: Kind, reason: str, ends: bool, about_project: bool
    ) -> None:
        case_id = self.pick(Case, number)
        verdict = Verdict(
            kind,
            reason,
            countries=("DE",) if kind == Kind.GEO_BLOCK else (),
            ends_at=timezone.now() + timedelta(hours=1) if ends else None,
            target=(PROJECT, self.project.pk) if about_project else None,
        )
        self.attempt(lambda: services.decide(case_id=case_id, verdict=verdict, by=by))

    @rule(number=st.integers(0, 1), level=st.sampled_from(["held", "restricted", "blocked", ""]))
    def own(self, number: int, level: str) -> None:
        video = self.videos[number]
        self.attempt(
            lambda: (
                services.restrict_own(video=video, level=level, reason="spam", note="", by=CONSUMER)
                if level
                else services.lift_own(video=video, note="", by=CONSUMER)
            )
        )

    @rule(number=st.integers(0, 9), by=ANYBODY)
    def reverse(self, number: int, by: Reviewer) -> None:
        decision_id = self.pick(Decision, number)
        self.attempt(lambda: services.reverse(decision_id=decision_id, explanation="", by=by))

    @rule(
        number=st.integers(0, 3), by=ANYBODY, what=st.sampled_from(["lift", "no_lift", "purge", "no_purge"])
    )
    def second(self, number: int, by: Reviewer, what: str) -> None:
        calls = {
            "lift": (LiftRequest, services.approve_lift),
            "no_lift": (LiftRequest, services.refuse_lift),
            "purge": (PurgeRequest, services.approve_purge),
            "no_purge": (PurgeRequest, services.refuse_purge),
        }
        model, call = calls[what]
        request_id = self.pick(model, number)
        self.attempt(lambda: call(request_id=request_id, by=by))

    @rule(number=st.integers(0, 9))
    def appeal(self, number: int) -> None:
        decision_id = self.pick(Decision, number)
        self.attempt(
            lambda: services.appeal(project=self.project, decision_id=decision_id, text="Why?", by=CONSUMER)
        )

    @rule(number=st.integers(0, 3), by=ANYBODY, outcome=st.sampled_from(["upheld", "overturned"]))
    def answer(self, number: int, by: Reviewer, outcome: str) -> None:
        appeal_id = self.pick(Appeal, number)
        self.attempt(
            lambda: services.decide_appeal(appeal_id=appeal_id, outcome=outcome, answer="So.", by=by)
        )

    @rule(hours=st.sampled_from([0, 2, 30]))
    def time_passes(self, hours: int) -> None:
        later, house = timezone.now() + timedelta(hours=hours), reviewer_of_house()
        services.expire_restrictions(by=house, now=later)
        services.wake_cases(by=house, now=later)
        services.run_purges(by=house, now=later)

    @invariant()
    def states_follow_the_table(self) -> None:
        for case in Case.objects.filter(project=self.project):
            before = self.seen.get(case.pk, states.OPEN)
            reached, new = {before}, {before}
            while new:  # one call may take several steps
                new = {to for one in new for to in states.CASE_TRANSITIONS[one]} - reached
                reached |= new
            assert case.state in reached, (before, case.state)
            self.seen[case.pk] = case.state
            assert bool(case.claimed_by) == (case.state in {states.CLAIMED, states.APPEAL_CLAIMED})

    @invariant()
    def every_restriction_has_its_entries(self) -> None:
        rows = Restriction.objects.filter(project=self.project)
        for verb, ids in (("began", rows), ("ended", rows.exclude(ended_at=None))):
            told = AuditEntry.objects.filter(verb=f"restriction.{verb}", project_id=self.project.pk)
            assert set(told.values_list("object_id", flat=True)) == set(ids.values_list("pk", flat=True))
        decided = AuditEntry.objects.filter(verb="case.decided", project_id=self.project.pk)
        of_cases = Decision.objects.filter(project=self.project).exclude(case=None)
        assert {entry.data["decision_id"] for entry in decided} == set(of_cases.values_list("pk", flat=True))

    @invariant()
    def the_row_is_what_the_restrictions_come_to_and_the_gate_keeps_it(self) -> None:
        is_suspended = Project.objects.get(pk=self.project.pk).is_suspended
        for video in Video.objects.filter(project=self.project):
            active = list(Restriction.objects.filter(target_id=video.pk, ended_at=None))
            terms = strictest(terms_of(one.kind, one.parameters) for one in active)
            assert terms_of_video(video) == terms
            assert video.legal_hold == any(one.kind == Kind.LEGAL_HOLD for one in active)
            is_there = video.status == "ready" and not is_suspended
            free = is_there and terms.level == "none"
            assert plays(video, VIEWER_SCOPES | Scope.AGE, "US") == free
            assert plays(video) == (free and not terms.needs_age and not terms.blocked_countries)
            assert plays(video, ALL_SCOPES) == (is_there and terms.level in {"none", "held"})
            assert not (video.status == "deleting" and video.legal_hold)

    @invariant()
    def one_person_is_never_two_and_nobody_does_what_they_may_not(self) -> None:
        for model in (PurgeRequest, LiftRequest):
            for request in model.objects.filter(project=self.project):
                assert request.approved_by != request.requested_by
                assert request.state != states.DONE or request.approved_by
        for appeal in Appeal.objects.filter(project=self.project).select_related("case"):
            assert appeal.state != states.APPEAL_OPEN or appeal.case.state in states.QUEUED
            assert appeal.reviewed_by != appeal.decided_by
        may = {one.actor: one.powers for one in PEOPLE}
        for decision in Decision.objects.filter(project=self.project).exclude(case=None):
            powers = may[decision.decided_by]
            assert powers & {Power.REVIEW, Power.FREEZE, Power.APPROVE, Power.DECIDE_APPEAL}
            assert decision.kind != Kind.SUSPEND or Power.SUSPEND in powers


@pytest.mark.django_db
def test_no_sequence_of_calls_breaks_a_promise() -> None:
    from hypothesis.stateful import run_state_machine_as_test  # noqa: PLC0415 - beside its settings

    run_state_machine_as_test(
        Moderation,
        settings=settings(
            max_examples=4,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
