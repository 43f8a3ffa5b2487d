"""The one door to moderation: everything that changes a report, a case, a decision or a restriction.

Each locks first, then decides by the pure rules (policy, states, priority), writes, records in the audit and tells of it,
in one transaction.
"""

from __future__ import annotations

from videos.moderation.appealing import appeal, decide_appeal
from videos.moderation.cases import (
    add_note,
    assign_case,
    claim_case,
    escalate_case,
    refresh_scores,
    release_case,
    set_priority,
    snooze_case,
    wake_cases,
)
from videos.moderation.deciding import Verdict, decide
from videos.moderation.merging import merge_cases
from videos.moderation.reporting import Filing, file_report
from videos.moderation.restricting import expire_restrictions, lift_own, restrict_own
from videos.moderation.reversing import (
    approve_lift,
    approve_purge,
    refuse_lift,
    refuse_purge,
    reverse,
    run_purges,
)
from videos.moderation.striking import expire_strikes

__all__ = [
    "Filing",
    "Verdict",
    "add_note",
    "appeal",
    "approve_lift",
    "approve_purge",
    "assign_case",
    "claim_case",
    "decide",
    "decide_appeal",
    "escalate_case",
    "expire_restrictions",
    "expire_strikes",
    "file_report",
    "lift_own",
    "merge_cases",
    "refresh_scores",
    "refuse_lift",
    "refuse_purge",
    "release_case",
    "restrict_own",
    "reverse",
    "run_purges",
    "set_priority",
    "snooze_case",
    "wake_cases",
]
