"""Has the library searched where something was banned since."""

from __future__ import annotations

from django.utils import timezone

from gilfoyle.lib.queue import send
from videos.fingerprints.models import BankState, VideoFingerprint
from videos.fingerprints.rereading import read_again


def nudge_search() -> bool:
    """Send for a worker where videos were not compared with all that is banned, and none is at it.

    What could not be read before, and can be now, is among it.
    """
    read_again()
    state = BankState.objects.filter(pk=1).first()
    if state is None or (state.search_until is not None and state.search_until > timezone.now()):
        return False
    if not VideoFingerprint.objects.filter(searched_version__lt=state.version).exists():
        return False
    return send("search_library", queue="default")
