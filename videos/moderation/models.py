"""Reports, the cases they gather in, what was decided, and what that restricts. `services` and its neighbours alone write.

Rows name what they are about by type and id, without a foreign key: they outlive it.
"""

from __future__ import annotations

from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from gilfoyle.lib import ids
from videos.access.models import Project
from videos.moderation import states
from videos.moderation.policy import KINDS, POWER_WORDS, SUBJECT_TYPES
from videos.moderation.reasons import LABELS

MAX_TEXT, MAX_FACTS, MAX_EXPLANATION, MAX_NOTE = 3000, 5000, 2000, 3000
SUBJECT_LENGTH, ACTOR_LENGTH = 255, 80
CONSUMER_API, PUBLIC_FORM, RULE, MATCH, STAFF = "consumer_api", "public_form", "rule", "match", "staff"
CHANNELS = (CONSUMER_API, PUBLIC_FORM, RULE, MATCH, STAFF)
_KIND_CHOICES = [(kind.value, rule.label) for kind, rule in KINDS.items()]


def _labelled(values: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(value, value.replace("_", " ").capitalize()) for value in values]


class Case(models.Model):
    """All that is said of one subject, until it is decided."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_case_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    subject_type = models.CharField(max_length=8, choices=_labelled(SUBJECT_TYPES))
    subject_id = models.CharField(max_length=SUBJECT_LENGTH)
    state = models.CharField(max_length=16, choices=_labelled(states.CASE_STATES), default=states.OPEN)
    reasons = models.JSONField(default=list, help_text="Codes, in the order in which they came.")
    severity = models.PositiveSmallIntegerField(default=0)
    is_extreme = models.BooleanField(default=False, help_text="Nobody is shown a frame of it unasked.")
    is_escalated = models.BooleanField(default=False, help_text="A senior reviewer is to decide it.")
    is_held = models.BooleanField(default=False, help_text="Nobody can watch it any more.")
    has_match = models.BooleanField(default=False, help_text="It was recognised.")
    priority = models.IntegerField(default=0)
    score_parts = models.JSONField(default=dict, help_text="Of what the priority is made.")
    by_hand = models.IntegerField(default=0, help_text="What a reviewer added to the priority.")
    report_count = models.PositiveIntegerField(default=0)
    distinct_reporters = models.PositiveIntegerField(default=0)
    unkept_reports = models.PositiveIntegerField(
        default=0, db_default=0, help_text="By the public form: said again, or too many."
    )
    plays = models.PositiveIntegerField(default=0, help_text="Of the last two days.")
    plays_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(help_text="Until then somebody is to have acted.")
    first_action_at = models.DateTimeField(null=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    claimed_by = models.CharField(max_length=ACTOR_LENGTH, blank=True, default="")
    claim_expires_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    merged_into = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="merged")
    version = models.PositiveIntegerField(default=0, help_text="Counts its changes.")
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-priority", "due_at", "id")
        permissions = tuple((power.value, words) for power, words in POWER_WORDS.items())
        constraints = (
            models.UniqueConstraint(
                fields=("project", "subject_type", "subject_id"),
                condition=Q(state__in=states.UNDECIDED),
                name="one_open_case_per_subject",
            ),
        )
        indexes = (
            models.Index(
                fields=("-priority", "due_at", "id"),
                condition=Q(state__in=states.QUEUED),
                name="case_queue",
            ),
            models.Index(fields=("state", "-priority"), name="case_by_state"),
            # The search of the queue asks for a subject of any kind and project.
            models.Index(fields=("subject_id", "subject_type", "project"), name="case_of_subject"),
            models.Index(fields=("claim_expires_at",), condition=~Q(claimed_by=""), name="case_claim_expiry"),
            models.Index(fields=("snoozed_until",), condition=Q(state=states.SNOOZED), name="case_snoozed"),
        )

    def __str__(self) -> str:
        return self.id


class Report(models.Model):
    """What one person, a rule or a match says of a subject. The text lies sealed; who it is, as an HMAC."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_report_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="reports")
    subject_type = models.CharField(max_length=8, choices=_labelled(SUBJECT_TYPES))
    subject_id = models.CharField(max_length=SUBJECT_LENGTH)
    reason = models.CharField(max_length=24, choices=LABELS)
    at_s = models.FloatField(null=True, help_text="Seconds from the beginning of the video.")
    sealed_text = models.BinaryField(default=b"", help_text="Comment and evidence, encrypted.")
    reporter = models.CharField(max_length=64, blank=True, default="", help_text="HMAC of the consumer's id.")
    channel = models.CharField(max_length=12, choices=_labelled(CHANNELS), default=CONSUMER_API)
    match_id = models.CharField(max_length=64, blank=True, default="")
    state = models.CharField(max_length=9, choices=_labelled(states.REPORT_STATES), default=states.REPORTED)
    created_at = models.DateTimeField(default=timezone.now)
    settled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            # One person, one vote.
            models.UniqueConstraint(
                fields=("project", "subject_type", "subject_id", "reason", "reporter"),
                condition=Q(state=states.REPORTED) & ~Q(reporter=""),
                name="one_report_per_person_and_reason",
            ),
        )
        indexes = (
            models.Index(fields=("project", "-created_at", "-id"), name="report_newest"),
            models.Index(fields=("project", "subject_type", "subject_id"), name="report_by_subject"),
            models.Index(fields=("project", "reporter", "-created_at"), name="report_by_reporter"),
        )

    def __str__(self) -> str:
        return self.id


class CaseNote(models.Model):
    """What reviewers tell each other; consumers never see it."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_case_note_id, editable=False)
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="notes")
    written_by = models.CharField(max_length=ACTOR_LENGTH)
    sealed_text = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("created_at", "id")

    def __str__(self) -> str:
        return self.id


class Unchangeable(models.QuerySet["Decision"]):
    """Refuses what would change a decision."""

    def update(self, **_changes: Any) -> NoReturn:
        """Raises: TypeError."""
        raise TypeError(IMMUTABLE)

    def delete(self) -> NoReturn:
        """Raises: TypeError."""
        raise TypeError(IMMUTABLE)


IMMUTABLE = "A decision stays as it was made; a later one supersedes it."


class Decision(models.Model):
    """What was decided, by whom and why. Never changed: a later one supersedes it."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_decision_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(
        Case,
        null=True,
        on_delete=models.PROTECT,
        related_name="decisions",
        help_text="null: a consumer's own.",
    )
    kind = models.CharField(max_length=16, choices=_KIND_CHOICES)
    target_type = models.CharField(max_length=8, choices=_labelled(SUBJECT_TYPES))
    target_id = models.CharField(max_length=SUBJECT_LENGTH)
    reason = models.CharField(max_length=24, choices=LABELS)
    ground_reference = models.CharField(
        max_length=500, blank=True, default="", help_text="The law or the clause relied on."
    )
    facts = models.TextField(max_length=MAX_FACTS, blank=True, default="")
    explanation = models.TextField(max_length=MAX_EXPLANATION, blank=True, default="")
    parameters = models.JSONField(default=dict, help_text="Such as the countries of geo_block.")
    channel = models.CharField(max_length=12, choices=_labelled(CHANNELS), help_text="What brought it about.")
    decided_by = models.CharField(max_length=ACTOR_LENGTH, help_text="kind:id.")
    is_automated = models.BooleanField(default=False, help_text="No person decided it.")
    supersedes = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="superseded_by")
    content_date = models.DateField(null=True, help_text="When the content came.")
    ends_at = models.DateTimeField(null=True, help_text="null: until it is lifted.")
    created_at = models.DateTimeField(default=timezone.now)

    objects = Unchangeable.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("project", "-created_at", "-id"), name="decision_newest"),
            models.Index(fields=("project", "target_type", "target_id"), name="decision_by_target"),
        )

    def __str__(self) -> str:
        return self.id

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Raises: TypeError for a decision that is there already."""
        if not self._state.adding:
            raise TypeError(IMMUTABLE)
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Raises: TypeError."""
        raise TypeError(IMMUTABLE)


class Restriction(models.Model):
    """What a decision does, for as long as it does. All that are active count; the strictest shows."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_restriction_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="restrictions")
    target_type = models.CharField(max_length=8, choices=_labelled(SUBJECT_TYPES))
    target_id = models.CharField(max_length=SUBJECT_LENGTH)
    kind = models.CharField(max_length=16, choices=_KIND_CHOICES)
    parameters = models.JSONField(default=dict)
    is_consumers = models.BooleanField(default=False, help_text="The consumer set it, and may lift it.")
    starts_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="lifts")

    class Meta:
        ordering = ("-starts_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "target_type", "target_id"),
                condition=Q(is_consumers=True, ended_at=None),
                name="one_own_restriction_per_target",
            ),
        )
        indexes = (
            models.Index(
                fields=("project", "target_type", "target_id"),
                condition=Q(ended_at=None),
                name="restriction_active",
            ),
            models.Index(fields=("ends_at",), condition=Q(ended_at=None), name="restriction_expiry"),
        )

    def __str__(self) -> str:
        return self.id

    @property
    def is_active(self) -> bool:
        return self.ended_at is None


class Appeal(models.Model):
    """Somebody does not agree with a decision. Another person than the one who made it looks at it."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_appeal_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="appeal")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="appeals")
    sealed_text = models.BinaryField()
    filed_by = models.CharField(max_length=64, blank=True, default="", help_text="HMAC of the consumer's id.")
    decided_by = models.CharField(max_length=ACTOR_LENGTH, help_text="Who made the decision.")
    reviewed_by = models.CharField(max_length=ACTOR_LENGTH, blank=True, default="")
    state = models.CharField(
        max_length=10, choices=_labelled(states.APPEAL_STATES), default=states.APPEAL_OPEN
    )
    answer = models.TextField(max_length=MAX_EXPLANATION, blank=True, default="")
    filed_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField()
    reviewed_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-filed_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=~Q(reviewed_by=F("decided_by")), name="appeal_by_another_person"
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by="", state=states.APPEAL_OPEN)
                | Q(reviewed_by__startswith="staff:")
                | Q(reviewed_by__startswith="operator:"),
                name="appeal_by_a_person",
            ),
        )

    def __str__(self) -> str:
        return self.id


class Strike(models.Model):
    """What a decision leaves against a creator, a key or a project, for a while."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_strike_id, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    target_type = models.CharField(max_length=8, choices=_labelled(SUBJECT_TYPES))
    target_id = models.CharField(max_length=SUBJECT_LENGTH)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="strikes")
    weight = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    cancelled_by = models.ForeignKey(Decision, null=True, on_delete=models.PROTECT, related_name="+")
    cancelled_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-created_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("decision", "target_type", "target_id"), name="one_strike_per_decision_and_target"
            ),
        )
        indexes = (
            models.Index(
                fields=("project", "target_type", "target_id", "expires_at"), name="strike_by_target"
            ),
        )

    def __str__(self) -> str:
        return self.id


class FourEyes(models.Model):
    """What one person asks for and another one agrees to."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="%(class)ss")
    requested_by = models.CharField(max_length=ACTOR_LENGTH)
    approved_by = models.CharField(max_length=ACTOR_LENGTH, blank=True, default="")
    refused_by = models.CharField(max_length=ACTOR_LENGTH, blank=True, default="")
    state = models.CharField(max_length=9, choices=_labelled(states.REQUEST_STATES), default=states.REQUESTED)
    requested_at = models.DateTimeField(default=timezone.now)
    answered_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True


class PurgeRequest(FourEyes):
    """A video is to be destroyed, with its keys and all that was made of it."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_purge_id, editable=False)
    video_id = models.CharField(max_length=22)
    decision = models.OneToOneField(Decision, on_delete=models.PROTECT, related_name="purge_request")
    not_before = models.DateTimeField(help_text="Until then it can be refused still.")
    receipt = models.JSONField(default=dict, help_text="What was destroyed, and when.")
    done_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-requested_at", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(approved_by=F("requested_by")), name="purge_by_two_people"),
            models.CheckConstraint(
                condition=~Q(state__in=(states.APPROVED, states.DONE), approved_by=""),
                name="purge_names_its_second",
            ),
            models.UniqueConstraint(
                fields=("video_id",),
                condition=Q(state__in=(states.REQUESTED, states.APPROVED)),
                name="one_purge_per_video",
            ),
        )

    def __str__(self) -> str:
        return self.id


class LiftRequest(FourEyes):
    """A restriction for a severe reason, or a legal hold, is to be lifted."""

    id = models.CharField(primary_key=True, max_length=22, default=ids.new_lift_id, editable=False)
    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="lift_requests")
    explanation = models.TextField(max_length=MAX_EXPLANATION, blank=True, default="")

    class Meta:
        ordering = ("-requested_at", "-id")
        constraints = (
            models.CheckConstraint(condition=~Q(approved_by=F("requested_by")), name="lift_by_two_people"),
            models.CheckConstraint(
                condition=~Q(state__in=(states.APPROVED, states.DONE), approved_by=""),
                name="lift_names_its_second",
            ),
            models.UniqueConstraint(
                fields=("decision",), condition=Q(state=states.REQUESTED), name="one_lift_per_decision"
            ),
        )

    def __str__(self) -> str:
        return self.id
