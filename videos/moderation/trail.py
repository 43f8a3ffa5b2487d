"""What moderation leaves behind of each step: an entry of the audit, in the same transaction. No text, no names."""

from __future__ import annotations

from typing import Any

from videos.audit.actors import KINDS, Actor
from videos.audit.services import record
from videos.moderation.models import Case
from videos.moderation.policy import CREATOR, Reviewer


def actor_of(by: Reviewer) -> Actor:
    """Return a reviewer as the audit knows actors."""
    kind, _, actor_id = by.actor.partition(":")
    return Actor(next(one for one in KINDS if one == kind), actor_id)


def reviewer_id(actor: Actor) -> str:
    """Return how rows name an actor."""
    return f"{actor.kind}:{actor.id}"


def leave(
    verb: str,
    *,
    by: Reviewer,
    object_type: str,
    object_id: str,
    project_id: str,
    target: tuple[str, str] | None = None,
    **data: Any,
) -> None:
    """Record a step in the caller's transaction; a creator, who is a person, can be erased from it later."""
    target_type, target_id = target or ("", "")
    is_person = target_type == CREATOR
    if target_type:
        data |= {"target_type": target_type}
        if not is_person:
            data |= {"target_id": target_id}
    record(
        verb,
        object_type=object_type,
        object_id=object_id,
        project_id=project_id,
        data=data,
        personal=target_id if is_person else "",
        actor=actor_of(by),
    )


def leave_of_case(verb: str, case: Case, *, by: Reviewer, **data: Any) -> None:
    """Record a step of a case."""
    leave(
        verb,
        by=by,
        object_type="case",
        object_id=case.pk,
        project_id=case.project_id,
        target=(case.subject_type, case.subject_id),
        state=case.state,
        **data,
    )
