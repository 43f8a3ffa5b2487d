"""Who acts in a process of manage.py: Gilfoyle itself, or the operator who types a command."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

from django.conf import settings

from videos.audit.actors import Actor, operator_of, set_process_actor

# These go on by themselves, whoever started them.
OWN_PROCESSES = frozenset({"up", "worker", "scheduler"})


def name_process_actor(command: Sequence[str]) -> None:
    """Say who acts in this process, by the name of its command."""
    name = command[0] if command else ""
    if name in OWN_PROCESSES:
        set_process_actor(Actor("system", name))
    else:
        set_process_actor(operator_of(_system_user(), root_secret=settings.GILFOYLE_ROOT_SECRET))


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        return ""
