"""Reports, restrictions, decisions and appeals as JSON, in and out. What reviewers say to each other is in none of it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.strict_input import StrictSerializer
from videos.catalog.states import RESTRICTIONS
from videos.moderation import states
from videos.moderation.models import (
    CHANNELS,
    MATCH,
    MAX_EXPLANATION,
    MAX_TEXT,
    SUBJECT_LENGTH,
    Appeal,
    Decision,
    Report,
)
from videos.moderation.policy import CREATOR, KIND_OF_LEVEL, SUBJECT_TYPES, VIDEO, Kind
from videos.moderation.reasons import CODES
from videos.moderation.reporting import MAX_EVIDENCE, MAX_EVIDENCE_LENGTH, MAX_REPORTER, Filing
from videos.moderation.selectors import text_of_report
from videos.moderation.statement import Stated, state_reasons

KIND_VALUES = tuple(kind.value for kind in Kind)
LEVELS = tuple(KIND_OF_LEVEL)
_VIDEO, _CASE, _DECISION = "vid_3kTmvU1qQx0aZpLr7e", "case_6hWd8NpF3sVg5JtB0k", "dec_4mYc1ZrE8uHx6PqG2n"
REPORT_EXAMPLE = {
    "id": "rep_9vKq2LmT7cXw4RbY1z",
    "video_id": _VIDEO,
    "creator_id": "",
    "reason": "hate",
    "comment": "From 0:42 on.",
    "at_s": 42.0,
    "evidence": ["https://example.org/screenshot.png"],
    "channel": "consumer_api",
    "state": "open",
    "case_id": _CASE,
    "created_at": "2026-11-20T12:00:00Z",
    "settled_at": None,
}
STATEMENT_EXAMPLE = state_reasons(
    Stated(
        _DECISION,
        Kind.BLOCK,
        "hate",
        "Section 130 of the criminal code",
        "It calls for violence against a minority.",
        "A reviewer watched the video from 0:42 to 1:10.",
        (),
        ("consumer_api",),
        is_match=False,
        is_automated=False,
        content_date=date(2026, 11, 19),
        created_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
        ends_at=None,
    )
)
DECISION_EXAMPLE = {
    "id": _DECISION,
    "case_id": _CASE,
    "kind": "block",
    "target_type": "video",
    "target_id": _VIDEO,
    "reason": "hate",
    "ground_reference": "Section 130 of the criminal code",
    "explanation": "It calls for violence against a minority.",
    "facts": "A reviewer watched the video from 0:42 to 1:10.",
    "countries": [],
    "is_yours": False,
    "is_automated": False,
    "is_active": True,
    "supersedes": None,
    "superseded_by": None,
    "created_at": "2026-11-20T12:00:00Z",
    "ends_at": None,
    "statement_of_reasons": STATEMENT_EXAMPLE,
}
RESTRICTION_EXAMPLE = {
    "level": "held",
    "needs_age": False,
    "embedding_off": False,
    "blocked_countries": [],
    "restrictions": [
        {
            "decision_id": _DECISION,
            "kind": "hold",
            "reason": "hate",
            "is_yours": True,
            "since": "2026-11-20T12:00:00Z",
            "ends_at": None,
        }
    ],
}
APPEAL_EXAMPLE = {
    "id": "apl_7bQf5KsD9wJv3TxL0m",
    "decision_id": _DECISION,
    "state": "open",
    "answer": "",
    "filed_at": "2026-11-21T12:00:00Z",
    "due_at": "2026-11-28T12:00:00Z",
    "reviewed_at": None,
}
HISTORY_EXAMPLE = {
    "results": [
        {
            "at": "2026-11-20T12:00:00Z",
            "event": "case.decided",
            "by": "staff",
            "object_id": _CASE,
            "data": {"kind": "block", "reason": "hate", "decision_id": _DECISION},
        }
    ]
}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "By a user of yours",
            value={
                "video_id": _VIDEO,
                "reason": "hate",
                "comment": "From 0:42 on.",
                "at_s": 42,
                "reporter_id": "user-1423",
            },
            request_only=True,
        )
    ]
)
class ReportInputSerializer(StrictSerializer):
    """What somebody says of a video, or of one of your creators."""

    video_id = serializers.CharField(required=False, max_length=64)
    creator_id = serializers.CharField(
        required=False, max_length=SUBJECT_LENGTH, help_text="In place of `video_id`: your user who uploads."
    )
    reason = serializers.ChoiceField(choices=CODES, help_text="docs/moderation.md explains each.")
    comment = serializers.CharField(
        required=False, allow_blank=True, max_length=MAX_TEXT, trim_whitespace=False
    )
    at_s = serializers.FloatField(
        required=False, allow_null=True, help_text="Where in the video, in seconds."
    )
    evidence = serializers.ListField(
        child=serializers.CharField(max_length=MAX_EVIDENCE_LENGTH),
        required=False,
        max_length=MAX_EVIDENCE,
        help_text="Addresses or words that prove it.",
    )
    reporter_id = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_REPORTER,
        help_text="Your own id of who reports. It is not kept: a keyed hash of it makes sure that one person has one vote.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("video_id" in attrs) == ("creator_id" in attrs):
            message = "Name either a video_id or a creator_id."
            raise serializers.ValidationError({"video_id": [message]})
        return attrs

    def filing(self) -> Filing:
        """Return what was sent."""
        given = self.validated_data
        is_video = "video_id" in given
        return Filing(
            subject_type=VIDEO if is_video else CREATOR,
            subject_id=given["video_id"] if is_video else given["creator_id"],
            reason=given["reason"],
            comment=given.get("comment", ""),
            at_s=given.get("at_s"),
            evidence=given.get("evidence", ()),
            reporter=given.get("reporter_id", ""),
        )


@extend_schema_serializer(examples=[OpenApiExample("A report", value=REPORT_EXAMPLE, response_only=True)])
class ReportSerializer(serializers.ModelSerializer[Report]):
    """A report; `state` tells what became of it."""

    video_id = serializers.SerializerMethodField()
    creator_id = serializers.SerializerMethodField()
    comment = serializers.SerializerMethodField(help_text="Empty once it was erased.")
    evidence = serializers.SerializerMethodField()
    channel = serializers.ChoiceField(choices=CHANNELS, read_only=True)
    state = serializers.ChoiceField(
        choices=states.REPORT_STATES,
        read_only=True,
        help_text="`upheld`: something was decided; `rejected`: nothing was.",
    )
    reason = serializers.ChoiceField(choices=CODES, read_only=True)
    case_id = serializers.CharField(read_only=True, allow_null=True)

    class Meta:
        model = Report
        fields = tuple(REPORT_EXAMPLE)
        read_only_fields = fields

    def get_video_id(self, report: Report) -> str:
        return report.subject_id if report.subject_type == VIDEO else ""

    def get_creator_id(self, report: Report) -> str:
        return report.subject_id if report.subject_type == CREATOR else ""

    def get_comment(self, report: Report) -> str:
        return str(text_of_report(report)["comment"])

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_evidence(self, report: Report) -> list[str]:
        return list(text_of_report(report)["evidence"])


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Until you have looked at it",
            value={"level": "held", "reason": "hate", "note": "Our team looks at it."},
            request_only=True,
        )
    ]
)
class RestrictionInputSerializer(StrictSerializer):
    """What you restrict of your own video."""

    level = serializers.ChoiceField(choices=LEVELS)
    reason = serializers.ChoiceField(choices=CODES)
    note = serializers.CharField(required=False, allow_blank=True, max_length=MAX_EXPLANATION)
    ends_at = serializers.DateTimeField(required=False, help_text="It ends by itself then.")

    def validate_ends_at(self, value: Any) -> Any:
        if value <= timezone.now():
            message = "Must be in the future."
            raise serializers.ValidationError(message)
        return value


class ActiveRestrictionSerializer(serializers.Serializer[Any]):
    """One restriction of those that count now."""

    decision_id = serializers.CharField()
    kind = serializers.ChoiceField(choices=KIND_VALUES)
    reason = serializers.ChoiceField(choices=CODES)
    is_yours = serializers.BooleanField(help_text="You set it, and may lift it.")
    since = serializers.DateTimeField()
    ends_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(examples=[OpenApiExample("Held", value=RESTRICTION_EXAMPLE, response_only=True)])
class RestrictionStateSerializer(serializers.Serializer[Any]):
    """On which terms a video plays: of all restrictions the strictest."""

    level = serializers.ChoiceField(choices=RESTRICTIONS)
    needs_age = serializers.BooleanField(help_text="Tokens must be made with `age_ok`.")
    embedding_off = serializers.BooleanField(help_text="No other site's page shows it.")
    blocked_countries = serializers.ListField(
        child=serializers.CharField(), help_text="Tokens must be made with a `country` that is none of these."
    )
    restrictions = ActiveRestrictionSerializer(many=True)


class HappeningSerializer(serializers.Serializer[Any]):
    """One thing that happened."""

    at = serializers.DateTimeField()
    event = serializers.CharField(source="verb", help_text="Such as `report.filed` or `case.decided`.")
    by = serializers.CharField(help_text="`staff`, `api_key`, `operator` or `system`; never who.")
    object_id = serializers.CharField()
    data = serializers.DictField(child=serializers.JSONField())  # type: ignore[assignment]  # the field's name


@extend_schema_serializer(examples=[OpenApiExample("Blocked", value=HISTORY_EXAMPLE, response_only=True)])
class HistorySerializer(serializers.Serializer[Any]):
    """What was done about a video, the latest first."""

    results = HappeningSerializer(many=True)


def _statement_field(name: str, value: Any) -> serializers.Field[Any, Any, Any, Any]:
    if isinstance(value, list):
        return serializers.ListField(child=serializers.CharField())
    return serializers.CharField(allow_null=name not in ALWAYS_STATED)


ALWAYS_STATED = {"decision_ground", "category", "application_date", "decision_facts", "source_type", "puid"}


class StatementSerializer(serializers.Serializer[Any]):
    """A statement of reasons, as the transparency database of the Digital Services Act takes it."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {name: _statement_field(name, value) for name, value in (STATEMENT_EXAMPLE or {}).items()}


@extend_schema_serializer(examples=[OpenApiExample("A block", value=DECISION_EXAMPLE, response_only=True)])
class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """What was decided about something of yours, and why."""

    kind = serializers.ChoiceField(choices=KIND_VALUES, read_only=True)
    target_type = serializers.ChoiceField(choices=SUBJECT_TYPES, read_only=True)
    reason = serializers.ChoiceField(choices=CODES, read_only=True)
    case_id = serializers.CharField(
        read_only=True, allow_null=True, help_text="null: you restricted your own video."
    )
    countries = serializers.SerializerMethodField(help_text="Of `geo_block`.")
    is_yours = serializers.SerializerMethodField()
    is_active = serializers.SerializerMethodField(help_text="Whether it restricts something now.")
    supersedes = serializers.CharField(source="supersedes_id", read_only=True, allow_null=True)
    superseded_by = serializers.SerializerMethodField()
    statement_of_reasons = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = tuple(DECISION_EXAMPLE)
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_countries(self, decision: Decision) -> list[str]:
        return list(decision.parameters.get("countries", ()))

    def get_is_yours(self, decision: Decision) -> bool:
        return decision.case_id is None

    def get_is_active(self, decision: Decision) -> bool:
        return any(one.is_active for one in decision.restrictions.all())

    def get_superseded_by(self, decision: Decision) -> str | None:
        return next((one.pk for one in decision.superseded_by.all()), None)

    @extend_schema_field(
        StatementSerializer(allow_null=True, help_text="null where nothing is restricted by it.")
    )
    def get_statement_of_reasons(self, decision: Decision) -> dict[str, Any] | None:
        return state_reasons(stated(decision))


def stated(decision: Decision) -> Stated:
    """Return what a statement of reasons is made of."""
    reports = decision.case.reports.all() if decision.case is not None else []
    channels = tuple(dict.fromkeys(report.channel for report in reports))
    return Stated(
        id=decision.pk,
        kind=Kind(decision.kind),
        reason=decision.reason,
        ground_reference=decision.ground_reference,
        explanation=decision.explanation,
        facts=decision.facts,
        countries=tuple(decision.parameters.get("countries", ())),
        channels=channels,
        is_match=MATCH in {decision.channel, *channels},
        is_automated=decision.is_automated and decision.case_id is not None,
        content_date=decision.content_date,
        created_at=decision.created_at,
        ends_at=decision.ends_at,
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "By the creator",
            value={"decision_id": _DECISION, "text": "It is satire.", "appellant_id": "user-77"},
            request_only=True,
        )
    ]
)
class AppealInputSerializer(StrictSerializer):
    """Why somebody does not agree with a decision."""

    decision_id = serializers.CharField(max_length=64)
    text = serializers.CharField(max_length=MAX_TEXT)
    appellant_id = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=MAX_REPORTER,
        help_text="Your own id of who it is; not kept.",
    )


@extend_schema_serializer(examples=[OpenApiExample("An appeal", value=APPEAL_EXAMPLE, response_only=True)])
class AppealSerializer(serializers.ModelSerializer[Appeal]):
    """An appeal and its answer, which another person gives than who decided."""

    decision_id = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=states.APPEAL_STATES, read_only=True)

    class Meta:
        model = Appeal
        fields = tuple(APPEAL_EXAMPLE)
        read_only_fields = fields
