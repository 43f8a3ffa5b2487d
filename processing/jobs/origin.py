"""Where work comes from: the request, and the span of its trace, that a job began in. Ids of ours alone."""

from __future__ import annotations

from gilfoyle.lib.logs import current_request_id
from gilfoyle.lib.tracing import tracing


def origin_here() -> dict[str, str]:
    """Return what a job's row keeps of where it began, so that its steps' logs and spans lead back there."""
    return {"request_id": current_request_id(), "trace_parent": tracing.parent_here()}
