"""Revocations as JSON, in and out."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.strict_input import StrictSerializer
from streaming.errors import TokenInvalid
from streaming.revocations.denials import GROUP, KEY, PROJECT, SESSION, VIDEO
from streaming.revocations.models import Revocation
from streaming.revocations.services import Wanted
from streaming.tokens.claims import MAX_TOKEN_LENGTH, hash_group, parse_token

_SESSION = re.compile(r"[0-9A-Fa-f]{16}", re.ASCII)
SUBJECTS = ("session_id", "group", "token", "video_id", "signing_key_id", "everything")
FUTURE_S = 60
EXAMPLE_ID = "rev_7bX0aQm2LdK9sVtR4z"


class SessionField(serializers.CharField):
    """The id of a session: 16 hexadecimal digits."""

    default_error_messages = {"session": "Must be 16 hexadecimal digits."}

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not _SESSION.fullmatch(text):
            self.fail("session")
        return text.lower()


@extend_schema_serializer(
    examples=[
        OpenApiExample("One viewer", value={"session_id": "f01a6be7cbcc9a27"}, request_only=True),
        OpenApiExample(
            "All who watch a video now", value={"video_id": "vid_3kTmvU1qQx0aZpLr7e"}, request_only=True
        ),
    ]
)
class RevocationInputSerializer(StrictSerializer):
    """What shall play no more: exactly one of the first six."""

    session_id = SessionField(
        required=False, help_text="One viewer's session, as the playback answer names it."
    )
    group = serializers.CharField(
        required=False,
        max_length=200,
        help_text="All tokens of a group, by the name that they were made with.",
    )
    token = serializers.CharField(
        required=False, max_length=MAX_TOKEN_LENGTH, help_text="The session that this playback token is of."
    )
    video_id = serializers.CharField(required=False, max_length=22, help_text="All tokens of a video.")
    signing_key_id = serializers.CharField(required=False, max_length=6, help_text="All tokens of a key.")
    everything = serializers.BooleanField(required=False, help_text="`true`: all tokens of the project.")
    issued_before = serializers.DateTimeField(
        required=False,
        help_text="Tokens issued from this time on are spared. Default: now; for a session or a group none is spared.",
    )

    def validate_everything(self, value: bool) -> bool:  # noqa: FBT001 - DRF's signature
        if not value:
            message = "Must be true, or left out."
            raise serializers.ValidationError(message)
        return value

    def validate_token(self, value: str) -> str:
        try:
            parse_token(value)
        except TokenInvalid:
            message = "This is no playback token."
            raise serializers.ValidationError(message) from None
        return value

    def validate_issued_before(self, value: datetime) -> datetime:
        latest = self.context["now"] + timedelta(seconds=FUTURE_S)
        if not datetime(1970, 1, 1, tzinfo=UTC) <= value <= latest:
            message = "Must be between 1970 and now: later, new tokens would be refused."
            raise serializers.ValidationError(message)
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in SUBJECTS if name in attrs]
        if len(given) != 1:
            message = f"Name exactly one of {', '.join(SUBJECTS)}."
            raise serializers.ValidationError(message)
        return attrs

    def wanted(self, project_id: str) -> Wanted:
        """Return what is to be revoked of this project."""
        given: dict[str, Any] = self.validated_data
        before: datetime | None = given.get("issued_before")
        before_s = None if before is None else int(before.timestamp())
        # Tokens know whole seconds: those of this second go, too.
        until_now_s = int(self.context["now"].timestamp()) + 1 if before_s is None else before_s
        if "session_id" in given:
            return Wanted(SESSION, given["session_id"], before_s)
        if "group" in given:
            return Wanted(GROUP, hash_group(given["group"]).hex(), before_s)
        if "token" in given:
            claims = parse_token(given["token"]).claims
            return Wanted(SESSION, claims.session.hex(), before_s, claims.session_ends_at_s or 0)
        if "video_id" in given:
            return Wanted(VIDEO, given["video_id"], until_now_s)
        if "signing_key_id" in given:
            return Wanted(KEY, given["signing_key_id"], until_now_s)
        return Wanted(PROJECT, project_id, until_now_s)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A session",
            value={
                "id": EXAMPLE_ID,
                "kind": "session",
                "subject": "f01a6be7cbcc9a27",
                "issued_before": None,
                "revoked_at": "2026-11-20T12:00:00Z",
                "expires_at": "2026-11-21T00:01:00Z",
            },
            response_only=True,
        )
    ]
)
class RevocationSerializer(serializers.ModelSerializer[Revocation]):
    """Tokens that count no more, by what they have in common."""

    issued_before = serializers.SerializerMethodField()

    class Meta:
        model = Revocation
        fields = ("id", "kind", "subject", "issued_before", "revoked_at", "expires_at")
        extra_kwargs = {
            "subject": {
                "help_text": "The session's id, the hash of the group's name, or the id of the video, key or project."
            }
        }

    @extend_schema_field(serializers.DateTimeField(allow_null=True, help_text="null: whenever issued."))
    def get_issued_before(self, row: Revocation) -> datetime | None:
        return None if row.issued_before_s is None else datetime.fromtimestamp(row.issued_before_s, UTC)
