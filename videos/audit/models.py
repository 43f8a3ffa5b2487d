"""Entries of the audit, the personal part of some, and what the chain rests on. Only services.py writes here.

The database itself refuses to change or delete an entry (migration 0030), but for what services.py documents.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models

from gilfoyle.lib.ids import PROJECT_ID_LENGTH
from videos.audit import actors, chain
from videos.audit.signing import Mark, MarkKind

HASH_LENGTH = 64
ONLY_ROW = 1


class CanonicalJSONField(models.TextField[Any, Any]):
    """JSON as text in its canonical form: databases' own kinds of JSON change numbers and refuse some characters."""

    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        del expression, connection
        return None if value is None else _parsed(value)

    def to_python(self, value: Any) -> Any:
        return _parsed(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else chain.canonical(value).decode()


def _parsed(text: str) -> Any:
    try:
        value = json.loads(text)
        chain.canonical(value)  # Python reads more than JSON can hold: 1e999, NaN, half a character
    except (ValueError, RecursionError):
        value = None
    # Else it is not of our making: it is linked and hashed as this, and whoever verifies the chain says so.
    return value if isinstance(value, dict) else {"unreadable": text}


class AuditEntry(models.Model):
    """Who did what to which thing, and when. `seq` is its place in the chain, null for the moment before it is linked."""

    seq = models.BigIntegerField(null=True, unique=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in actors.KINDS])
    actor_id = models.CharField(max_length=40, blank=True, default="")
    verb = models.CharField(max_length=64)
    object_type = models.CharField(max_length=32)
    object_id = models.CharField(max_length=64, blank=True, default="")
    # No key to the project's row: the entry outlives it.
    project_id = models.CharField(max_length=PROJECT_ID_LENGTH, blank=True, default="")
    data = CanonicalJSONField(default=dict)
    personal_commitment = models.CharField(max_length=HASH_LENGTH, blank=True, default="")
    prev_hash = models.CharField(max_length=HASH_LENGTH, blank=True, default="")
    hash = models.CharField(max_length=HASH_LENGTH, blank=True, default="")
    seal = models.CharField(max_length=HASH_LENGTH)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        indexes = (
            # The type last: an id is asked for without it, too.
            models.Index(fields=("object_id", "object_type", "-id"), name="audit_about_object"),
            models.Index(fields=("actor_kind", "actor_id", "-id"), name="audit_of_actor"),
            models.Index(fields=("project_id", "-id"), name="audit_of_project"),
            models.Index(fields=("verb", "-id"), name="audit_of_verb"),
            models.Index(fields=("at",), name="audit_by_time"),
            models.Index(fields=("id",), condition=models.Q(seq=None), name="audit_not_linked"),
        )

    def __str__(self) -> str:
        return f"{self.seq or 'new'}: {self.verb}"

    @property
    def content(self) -> chain.Content:
        return chain.Content(
            at=self.at,
            actor_kind=self.actor_kind,
            actor_id=self.actor_id,
            verb=self.verb,
            object_type=self.object_type,
            object_id=self.object_id,
            project_id=self.project_id,
            data=self.data,
            personal_commitment=self.personal_commitment,
        )

    @property
    def in_chain(self) -> chain.Entry:
        return chain.Entry(self.content, self.seq or 0, self.prev_hash, self.hash)


class AuditPersonal(models.Model):
    """The part of an entry that may have to be erased. The chain holds its commitment alone."""

    entry = models.OneToOneField(
        AuditEntry, on_delete=models.CASCADE, primary_key=True, related_name="personal"
    )
    salt = models.BinaryField()
    sealed = models.BinaryField(help_text="The value, encrypted.")
    erase_after = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"of entry {self.entry_id}"


class AuditHead(models.Model):
    """Where the chain ends, and up to where it was removed. One row; who links entries holds its lock."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ROW)
    seq = models.BigIntegerField(default=0)
    hash = models.CharField(max_length=HASH_LENGTH, default=chain.GENESIS)
    base_seq = models.BigIntegerField(default=0, help_text="Up to here the database lets entries be deleted.")

    def __str__(self) -> str:
        return f"at {self.seq}"


class AuditCheckpoint(models.Model):
    """A signed statement that the chain had this hash at this number (signing.py)."""

    kind = models.CharField(max_length=10, choices=[("checkpoint", "checkpoint"), ("base", "base")])
    seq = models.BigIntegerField(db_index=True)
    hash = models.CharField(max_length=HASH_LENGTH)
    at = models.DateTimeField()
    key_id = models.CharField(max_length=16)
    signature = models.CharField(max_length=128)

    def __str__(self) -> str:
        return f"{self.kind} at {self.seq}"

    @property
    def mark(self) -> Mark:
        kind: MarkKind = "base" if self.kind == "base" else "checkpoint"
        return Mark(
            kind, chain.Link(self.seq, self.hash), chain.in_words(self.at), self.key_id, self.signature
        )


class AuditSettings(models.Model):
    """The settings of the last start, secrets as digests alone. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ROW)
    values = CanonicalJSONField(default=dict)

    def __str__(self) -> str:
        return "settings of the last start"


class AuditCheck(models.Model):
    """How far the chain was verified, and what was found last. One row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY_ROW)
    verified_at = models.DateTimeField(null=True, help_text="When the latest whole pass ended.")
    verified_seq = models.BigIntegerField(default=0)
    findings = models.PositiveIntegerField(default=0)
    first_finding = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return f"up to {self.verified_seq}"
