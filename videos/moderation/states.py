"""The states of a case, of an appeal and of a request that takes two people, and the moves between them. Pure."""

from __future__ import annotations

from gilfoyle.lib.states import Transitions

# A case
OPEN = "open"  # waits for somebody
CLAIMED = "claimed"  # somebody looks at it, for a quarter of an hour
ESCALATED = "escalated"  # waits for a senior reviewer
SNOOZED = "snoozed"  # waits for a time, or for another report
AWAITING_SECOND = "awaiting_second"  # decided by one person, and waits for another
CLOSED = "closed"
MERGED = "merged"  # goes on as part of another case
APPEALED = "appealed"  # closed, and its decision is to be looked at by somebody else
APPEAL_CLAIMED = "appeal_claimed"

CASE_STATES = (
    OPEN,
    CLAIMED,
    ESCALATED,
    SNOOZED,
    AWAITING_SECOND,
    CLOSED,
    MERGED,
    APPEALED,
    APPEAL_CLAIMED,
)
_ENDS = {SNOOZED, MERGED, AWAITING_SECOND, CLOSED}
CASE_TRANSITIONS: Transitions = {
    OPEN: frozenset({CLAIMED, ESCALATED, *_ENDS}),
    CLAIMED: frozenset({OPEN, ESCALATED, *_ENDS}),
    ESCALATED: frozenset({CLAIMED, *_ENDS}),
    SNOOZED: frozenset({OPEN, CLAIMED, ESCALATED, MERGED, AWAITING_SECOND, CLOSED}),
    AWAITING_SECOND: frozenset({CLOSED, OPEN}),  # open: the second person refused
    CLOSED: frozenset({APPEALED}),
    APPEALED: frozenset({APPEAL_CLAIMED, CLOSED, OPEN}),  # open: what was let be is looked at again
    APPEAL_CLAIMED: frozenset({APPEALED, CLOSED, OPEN}),
    MERGED: frozenset({APPEALED}),  # against what was decided before it was merged
}
# One case of these there may be of a subject.
UNDECIDED = (OPEN, CLAIMED, ESCALATED, SNOOZED, AWAITING_SECOND)
# Of these something was decided, and nobody looks at it as new.
DECIDED = (CLOSED, APPEALED, APPEAL_CLAIMED)
# In these somebody can decide.
DECIDABLE = (OPEN, CLAIMED, ESCALATED, SNOOZED)
# What a queue shows.
QUEUED = (OPEN, CLAIMED, ESCALATED, AWAITING_SECOND, APPEALED, APPEAL_CLAIMED)

# A report
REPORTED, UPHELD, REJECTED, WITHDRAWN = "open", "upheld", "rejected", "withdrawn"
REPORT_STATES = (REPORTED, UPHELD, REJECTED, WITHDRAWN)

# An appeal
APPEAL_OPEN, APPEAL_UPHELD, OVERTURNED, PARTLY = "open", "upheld", "overturned", "partly"
APPEAL_STATES = (APPEAL_OPEN, APPEAL_UPHELD, OVERTURNED, PARTLY)

# What takes two people
REQUESTED, APPROVED, REFUSED, DONE = "requested", "approved", "refused", "done"
REQUEST_STATES = (REQUESTED, APPROVED, REFUSED, DONE)
REQUEST_TRANSITIONS: Transitions = {
    REQUESTED: frozenset({APPROVED, REFUSED}),
    APPROVED: frozenset({DONE, REFUSED}),
    REFUSED: frozenset(),
    DONE: frozenset(),
}
