"""Signing keys as JSON, in and out."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from gilfoyle.lib.strict_input import StrictSerializer
from streaming.tokens.claims import Scope
from streaming.tokens.key_services import KeyChange, NewKey
from streaming.tokens.models import ACTIVE, RETIRING, REVOKED, SigningKey
from streaming.tokens.public_keys import MAX_PEM_LENGTH, PublicKeyRefused, read_public_key
from streaming.tokens.scope_words import SCOPE_WORDS, scope_of_words, words_of_scope

EXAMPLE_PEM = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
"""
EXAMPLE = {
    "id": "k3Jx9Q",
    "label": "Shop backend",
    "algorithm": "ed25519",
    "signer": "consumer",
    "public_key": EXAMPLE_PEM,
    "scopes": ["media", "images", "text"],
    "max_ttl_s": 3600,
    "max_session_s": 0,
    "min_issued_at": None,
    "state": "active",
    "retired_at": None,
    "created_at": "2026-11-20T09:00:00Z",
}
ALGORITHM_NAMES = {"H": "hmac-sha256", "E": "ed25519", "P": "ecdsa-p256"}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "Ed25519, an hour at most",
            value={"label": "Shop backend", "public_key": EXAMPLE_PEM, "max_ttl_s": 3600},
            request_only=True,
        )
    ]
)
class SigningKeyInputSerializer(StrictSerializer):
    """A public key, and what its tokens may be at most."""

    public_key = serializers.CharField(
        max_length=MAX_PEM_LENGTH,
        help_text="PEM (`BEGIN PUBLIC KEY`) of an Ed25519 key, or of one of the curve P-256. Never the private key.",
    )
    label = serializers.CharField(  # type: ignore[assignment]  # DRF's Field has a `label` of its own
        max_length=100, required=False, allow_blank=True, default="", help_text="What the key is for."
    )
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPE_WORDS),
        required=False,
        min_length=1,
        help_text="What its tokens can open at most. Default: all.",
    )
    max_ttl_s = serializers.IntegerField(
        required=False,
        min_value=1,
        help_text="Longest life of its tokens in seconds, at most `playback.max_ttl_s`, which is the default.",
    )

    max_session_s = serializers.IntegerField(
        required=False,
        min_value=0,
        default=0,
        help_text="Longest session in seconds that may begin with one of its tokens, at most `playback.max_session_s`. "
        "Default: 0, its tokens can't be exchanged for later ones.",
    )

    def validate_max_ttl_s(self, value: int) -> int:
        return self._at_most(value, self.context["max_ttl_s"])

    def validate_max_session_s(self, value: int) -> int:
        return self._at_most(value, self.context["max_session_s"])

    def _at_most(self, value: int, longest_s: int) -> int:
        if value > longest_s:
            message = f"Must be at most {longest_s}."
            raise serializers.ValidationError(message, code="max_value")
        return value

    def validate_public_key(self, value: str) -> tuple[str, str]:
        try:
            return read_public_key(value)
        except PublicKeyRefused as refused:
            raise serializers.ValidationError(str(refused), code="public_key") from None

    def new_key(self) -> NewKey:
        """Return what was sent."""
        given = self.validated_data
        algorithm, public_key = given["public_key"]
        return NewKey(
            algorithm=algorithm,
            public_key=public_key,
            label=given["label"],
            scope_mask=scope_of_words(given.get("scopes", SCOPE_WORDS)),
            max_ttl_s=given.get("max_ttl_s", self.context["max_ttl_s"]),
            max_session_s=given["max_session_s"],
        )


@extend_schema_serializer(
    examples=[OpenApiExample("Wind it up", value={"state": "retiring"}, request_only=True)]
)
class SigningKeyChangeSerializer(StrictSerializer):
    """What shall be otherwise; what is left out stays."""

    label = serializers.CharField(max_length=100, required=False, allow_blank=True)  # type: ignore[assignment]
    state = serializers.ChoiceField(
        choices=(ACTIVE, RETIRING),
        required=False,
        help_text="`retiring`: tokens issued until now count until they end, later ones do not. `active` takes that "
        "back. To revoke a key, delete it.",
    )
    min_issued_at = serializers.DateTimeField(
        required=False,
        help_text="Withdraws what was issued before this time. It can't be in the future, nor be taken back.",
    )

    def validate_min_issued_at(self, value: datetime) -> datetime:
        if not datetime(1970, 1, 1, tzinfo=UTC) <= value <= timezone.now():
            message = "Must be between 1970 and now."
            raise serializers.ValidationError(message, code="out_of_range")
        return value

    def change(self) -> KeyChange:
        """Return what was sent."""
        given = self.validated_data
        at = given.get("min_issued_at")
        return KeyChange(
            label=given.get("label"),
            state=given.get("state"),
            # Tokens know whole seconds: what was issued in the same one is withdrawn, too.
            min_issued_at_s=None if at is None else math.ceil(at.timestamp()),
        )


@extend_schema_serializer(examples=[OpenApiExample("A consumer's key", value=EXAMPLE, response_only=True)])
class SigningKeySerializer(serializers.Serializer[Any]):
    """A signing key; no secret is ever shown."""

    id = serializers.CharField(help_text="The part of a token before its first dot.")
    label = serializers.CharField()  # type: ignore[assignment]
    algorithm = serializers.SerializerMethodField()
    signer = serializers.SerializerMethodField()
    public_key = serializers.SerializerMethodField()
    scopes = serializers.SerializerMethodField()
    max_ttl_s = serializers.IntegerField(help_text="Longest life of its tokens.")
    max_session_s = serializers.SerializerMethodField()
    min_issued_at = serializers.SerializerMethodField()
    state = serializers.ChoiceField(choices=(ACTIVE, RETIRING, REVOKED))
    retired_at = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField()

    @extend_schema_field(serializers.ChoiceField(choices=tuple(ALGORITHM_NAMES.values())))
    def get_algorithm(self, key: SigningKey) -> str:
        return ALGORITHM_NAMES[key.algorithm]

    @extend_schema_field(
        serializers.ChoiceField(
            choices=("gilfoyle", "consumer"),
            help_text="`gilfoyle`: signs what `POST /videos/{id}/playback` answers.",
        )
    )
    def get_signer(self, key: SigningKey) -> str:
        return "gilfoyle" if key.is_own else "consumer"

    @extend_schema_field(
        serializers.CharField(allow_null=True, help_text="PEM; null for Gilfoyle's own keys.")
    )
    def get_public_key(self, key: SigningKey) -> str | None:
        return key.public_key or None

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(choices=SCOPE_WORDS)))
    def get_scopes(self, key: SigningKey) -> list[str]:
        return words_of_scope(Scope(key.scope_mask))

    @extend_schema_field(
        serializers.IntegerField(
            allow_null=True,
            help_text="Longest session that may begin with its tokens; null for Gilfoyle's own: as the settings say.",
        )
    )
    def get_max_session_s(self, key: SigningKey) -> int | None:
        return None if key.is_own else key.max_session_s

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_min_issued_at(self, key: SigningKey) -> datetime | None:
        return datetime.fromtimestamp(key.min_issued_at_s, UTC) if key.min_issued_at_s else None

    @extend_schema_field(serializers.DateTimeField(allow_null=True))
    def get_retired_at(self, key: SigningKey) -> datetime | None:
        return None if key.retired_at_s is None else datetime.fromtimestamp(key.retired_at_s, UTC)
