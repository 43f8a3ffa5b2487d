"""A video's statuses and the moves between them."""

from __future__ import annotations

from gilfoyle.lib.states import Transitions

AWAITING_UPLOAD = "awaiting_upload"
UPLOADING = "uploading"
PROCESSING = "processing"
READY = "ready"
FAILED = "failed"
DELETING = "deleting"

STATUSES = (AWAITING_UPLOAD, UPLOADING, PROCESSING, READY, FAILED, DELETING)

TRANSITIONS: Transitions = {
    AWAITING_UPLOAD: frozenset({UPLOADING, FAILED, DELETING}),  # failed: its import did
    UPLOADING: frozenset({AWAITING_UPLOAD, PROCESSING, FAILED, DELETING}),
    PROCESSING: frozenset({READY, FAILED, DELETING}),
    READY: frozenset({PROCESSING, DELETING}),
    FAILED: frozenset({UPLOADING, PROCESSING, DELETING}),
    DELETING: frozenset(),
}
RESTRICTIONS = ("none", "held", "restricted", "blocked")  # from free to strict
STOPPED = ("restricted", "blocked")  # nobody is to see it, not even to decide about it
