"""Commands as an operator types them."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command

from videos.audit.actors import Actor, acting_as
from videos.moderation.reviewers import reviewer_of_operator

OPERATOR = Actor("operator", "op_0123456789ab")
REVIEWING = reviewer_of_operator(OPERATOR)


def run(command: str, *argv: str) -> tuple[int, str]:
    """Run a command as an operator; returns its exit code and what it printed."""
    out = StringIO()
    with acting_as(OPERATOR):
        try:
            call_command(command, *argv, stdout=out, stderr=out)
        except SystemExit as end:
            return int(end.code or 0), out.getvalue()
    return 0, out.getvalue()
