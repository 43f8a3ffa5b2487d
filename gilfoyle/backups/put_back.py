"""Rows that were put back by other means than `restore`: a snapshot, a recovery to a moment, a file, a standby that lacked the end.

Then, too, what was stored since has no rows, and no sweep is to remove it. Whoever does it says so (`adopt rows`); where a
second copy of the audit lies on this machine, rows that are older than it are noticed before the sweeps begin.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import structlog
from django.contrib.sessions.models import Session

from gilfoyle.backups import purges
from gilfoyle.backups.sparing import spare_what_came_since
from gilfoyle.installation.facts import find_fact, note_instead
from gilfoyle.lib.transactions import atomic
from gilfoyle.stores.times_replaced import VERB
from videos.audit import witness
from videos.audit.chain import in_words
from videos.audit.models import ONLY_ROW, AuditEntry, AuditHead
from videos.audit.services import record
from videos.moderation.policy import Reviewer

FACT = (
    "rows/seen_up_to"  # of the second copy: what was ahead of the rows when they were last seen to be older
)
log = structlog.get_logger(__name__)


@atomic
def note_put_back(as_of: datetime, *, by: Reviewer) -> list[str]:
    """Protect what came since, and note from when on the rows know nothing; returns in words what is spared."""
    settled = purges.settle_open([], by)
    spared = spare_what_came_since()
    Session.objects.all().delete()  # one that was ended since must not open the admin again
    told = {
        "taken_at": in_words(as_of),
        "is_by_hand": True,
        "purges_settled": len(settled),
        "spared": len(spared),
    }
    record(VERB, object_type="backup", object_id="", data=told)
    return [*settled, *spared]


def note_if_older(folder: Path, *, by: Reviewer) -> bool:
    """Do the same where the audit's second copy in a folder knows more than the rows do, once; tells whether they were older."""
    try:
        seen = witness.last_seq(folder)
    except OSError as error:
        log.warning("audit_copy_not_read", error=str(error))
        return False
    return _note_older(seen, by)


@atomic
def _note_older(seen: int, by: Reviewer) -> bool:
    head = AuditHead.objects.filter(pk=ONLY_ROW).first()
    last = AuditEntry.objects.order_by("-at").first()
    if head is None or last is None or head.seq >= seen or find_fact(FACT) == str(seen):
        return False
    spared = note_put_back(last.at, by=by)
    note_instead(FACT, str(seen))
    log.warning("rows_were_put_back", as_of=in_words(last.at), spared=len(spared))
    return True
