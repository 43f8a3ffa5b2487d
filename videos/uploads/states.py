"""An upload's kinds, its statuses and the moves between them."""

from __future__ import annotations

from gilfoyle.lib.states import Transitions

SINGLE = "single"  # in one request, whole or not at all
RESUMABLE = "resumable"
PARTIAL = "partial"  # a part of a file that is put together from several
FINAL = "final"  # what it is put together to
DIRECT = "direct"  # straight to the bucket, in parts that this server never sees

TUS_KINDS = (RESUMABLE, PARTIAL, FINAL)
KINDS = (SINGLE, *TUS_KINDS, DIRECT)

# How it comes in.
TUS = "tus"
PUT = "put"
IMPORT = "import"
COMMAND = "command"  # a file of this machine, on the command line

WAYS = (TUS, PUT, IMPORT, COMMAND, DIRECT)

RECEIVING = "receiving"
FINISHED = "finished"
ABORTED = "aborted"

STATUSES = (RECEIVING, FINISHED, ABORTED)
TRANSITIONS: Transitions = {
    RECEIVING: frozenset({FINISHED, ABORTED}),
    FINISHED: frozenset(),
    ABORTED: frozenset(),
}


# Why one ended that did not arrive: a code of an error, or one of these.
EXPIRED = "expired"
REPLACED = "replaced"
TERMINATED = "terminated"
REVOKED = "revoked"
VIDEO_DELETED = "video_deleted"
STOPPED = "stopped"


def leading_to(wanted: str) -> tuple[str, ...]:
    """Return the statuses that the table lets become `wanted`."""
    return tuple(status for status, moves in TRANSITIONS.items() if wanted in moves)
