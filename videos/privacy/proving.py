"""That a creator was erased, shown by a receipt: what it says stands in the audit, and the id occurs nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gilfoyle.lib.errors import InvalidInput
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.privacy.creators import Creator
from videos.privacy.erasing import FORMAT, VERSION
from videos.privacy.traces import Trace, find_traces


@dataclass(frozen=True, slots=True)
class Proof:
    """What a receipt comes to now. `going`: videos whose files are being removed still."""

    is_recorded: bool
    traces: tuple[Trace, ...]
    going: tuple[str, ...]
    held: tuple[str, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the creator is left."""
        return self.is_recorded and not (self.traces or self.going or self.held)


def prove(creator: Creator, told: Mapping[str, Any]) -> Proof:
    """Look whether what a receipt says is true.

    Raises: InvalidInput where it is none, or somebody else's.
    """
    if told.get("format") != FORMAT or told.get("v") != VERSION:
        message = "This is no receipt of an erasure."
        raise InvalidInput(message)
    if (told.get("project_id"), told.get("pseudonym")) != (creator.project.pk, creator.pseudonym):
        message = "This receipt is another creator's."
        raise InvalidInput(message)
    entry = AuditEntry.objects.filter(
        verb="creator.erased", object_id=creator.pseudonym, project_id=creator.project.pk, pk=_number(told)
    ).first()
    named = [str(one) for one in told.get("deleted", [])]
    of_project = Video.objects.filter(project=creator.project)
    return Proof(
        is_recorded=entry is not None and entry.data.get("counts") == told.get("counts"),
        traces=tuple(find_traces(creator)),
        going=tuple(of_project.filter(pk__in=named).values_list("pk", flat=True)),
        held=tuple(of_project.filter(creator_id=creator.id, legal_hold=True).values_list("pk", flat=True)),
    )


def _number(told: Mapping[str, Any]) -> int:
    entry = told.get("entry")
    return entry if isinstance(entry, int) and 0 <= entry < 2**63 else 0
