"""`dramatiq gilfoyle.worker`: Django, the broker, and every actor."""

from __future__ import annotations

import multiprocessing
import os
import sys

import django

from gilfoyle.lib.parent_death import die_with_parent

_parent = multiprocessing.parent_process()
if _parent is not None and _parent.pid is not None:
    # Dramatiq's worker process would outlive its killed master, and go on taking work.
    die_with_parent(_parent.pid)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gilfoyle.settings")
django.setup()

from django.conf import settings  # noqa: E402 - Django must be set up first, also for what follows

import processing.jobs.actors  # noqa: E402, F401 - the same; to import it declares its actors
import videos.imports.actors  # noqa: E402 - the same
import videos.uploads.actors  # noqa: E402, F401 - the same
from processing.errors import ToolMissing  # noqa: E402 - the same
from processing.ffmpeg.capabilities import require_ffmpeg_for  # noqa: E402 - the same

try:
    require_ffmpeg_for(settings.GILFOYLE.encoding, settings.GILFOYLE.images)
except ToolMissing as error:
    sys.exit(f"This worker can't start. {error.message} {error.hint}")
