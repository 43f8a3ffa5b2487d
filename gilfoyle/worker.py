"""`dramatiq gilfoyle.worker`: Django, the broker, and every actor."""

from __future__ import annotations

import multiprocessing
import os

import django

from gilfoyle.lib.parent_death import die_with_parent

_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    # Dramatiq's worker process would outlive its killed master, and go on taking work.
    die_with_parent(_parent.pid)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gilfoyle.settings")
django.setup()

import processing.jobs.actors  # noqa: E402, F401 - actors can only be declared once Django is set up
