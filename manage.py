#!/usr/bin/env python
"""Gilfoyle's command line."""

from __future__ import annotations

import os
import sys

from gilfoyle import __version__
from gilfoyle.lib.errors import ConfigError


def main(argv: list[str]) -> None:
    """Run a command; wrong settings end it with one line."""
    try:
        if argv[1:] in (["version"], ["--version"]):
            # Before settings are read: who asks for help with wrong ones is asked for the version first.
            sys.stdout.write(f"Gilfoyle {__version__}\n")
            return
        if argv[1:2] == ["config"]:
            # It explains settings, so it must not need them to be right: without this variable Django stays unset.
            os.environ.pop("DJANGO_SETTINGS_MODULE", None)
            from gilfoyle.management.commands.config import Command  # noqa: PLC0415 - only this command needs it

            Command().run_from_argv(argv)
            return
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gilfoyle.settings")
        from gilfoyle.process_actor import name_process_actor  # noqa: PLC0415 - settings must be read by then

        name_process_actor(argv[1:2])
        _execute(argv)
    except ConfigError as error:
        sys.exit(f"Wrong setting. {error}")


def _execute(argv: list[str]) -> None:
    """Run a command of Django's; one that finds an empty database ends with one line."""
    # Both after the variable of the settings is set.
    from django.core.management import execute_from_command_line  # noqa: PLC0415
    from django.db import DatabaseError  # noqa: PLC0415

    try:
        execute_from_command_line(argv)
    except DatabaseError:
        from gilfoyle.database_facts import say_if_empty  # noqa: PLC0415 - only what failed needs it

        words = say_if_empty()
        if not words:
            raise
        sys.exit(words)


if __name__ == "__main__":
    main(sys.argv)
