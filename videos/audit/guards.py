"""What makes the database itself refuse to change or delete what was recorded; and which of it is there.

Triggers, on SQLite and PostgreSQL; CockroachDB rests on the chain alone. A migration that alters one of these tables
must call `remove_guards` first and `add_guards` last: SQLite makes such a table anew, without its triggers.
"""

from __future__ import annotations

from typing import Any

# The one change that an entry sees: it gets its place. These columns stay as they were recorded.
_FIXED = (
    "id", "at", "actor_kind", "actor_id", "verb", "object_type", "object_id", "project_id", "data", "personal_commitment",
)  # fmt: skip
# The one door for retention: what is up to the base, which only moves on together with a signature of it.
_BASE = "COALESCE((SELECT base_seq FROM videos_audithead WHERE id = 1), 0)"
_TOLD = "what the audit holds is never changed or deleted"

# Name of the trigger: table, and when what is refused.
_RULES: dict[str, tuple[str, str, str]] = {
    "audit_entry_kept": (
        "videos_auditentry",
        "UPDATE",
        "OLD.seq IS NOT NULL OR " + " OR ".join(f"NEW.{name} <> OLD.{name}" for name in _FIXED),
    ),
    "audit_entry_stays": ("videos_auditentry", "DELETE", f"OLD.seq IS NULL OR OLD.seq > {_BASE}"),
    "audit_checkpoint_kept": ("videos_auditcheckpoint", "UPDATE", "OLD.id = OLD.id"),
    "audit_checkpoint_stays": ("videos_auditcheckpoint", "DELETE", f"OLD.seq >= {_BASE}"),
    "audit_head_advances": ("videos_audithead", "UPDATE", "NEW.seq < OLD.seq OR NEW.base_seq < OLD.base_seq"),
    "audit_head_stays": ("videos_audithead", "DELETE", "OLD.id = OLD.id"),
}
NAMES = frozenset(_RULES)


def add_guards(connection: Any) -> None:
    """Add the triggers, where the database has such."""
    with connection.cursor() as cursor:
        for name, (table, event, refused) in _RULES.items():
            if connection.vendor == "sqlite":
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} WHEN {refused} "
                    f"BEGIN SELECT RAISE(ABORT, '{_TOLD}'); END"
                )
            elif connection.vendor == "postgresql":
                kept = "OLD" if event == "DELETE" else "NEW"
                cursor.execute(
                    f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $guard$ BEGIN "
                    f"IF {refused} THEN RAISE EXCEPTION '{_TOLD}' USING ERRCODE = 'integrity_constraint_violation'; "
                    f"END IF; RETURN {kept}; END $guard$"
                )
                cursor.execute(
                    f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()"
                )


def remove_guards(connection: Any) -> None:
    """Take the triggers away, as a migration must that alters these tables."""
    with connection.cursor() as cursor:
        for name, (table, _event, _refused) in _RULES.items():
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            elif connection.vendor == "postgresql":
                cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {table}")
                cursor.execute(f"DROP FUNCTION IF EXISTS {name}()")


def missing_guards(connection: Any) -> frozenset[str]:
    """Return the triggers that should be there and are not, or are switched off."""
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE tgenabled <> 'D'",
    }
    if connection.vendor not in queries:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(queries[connection.vendor])
        return NAMES - {str(name) for (name,) in cursor.fetchall()}
