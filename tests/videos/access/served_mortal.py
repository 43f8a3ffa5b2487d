"""The product's application, in a process that dies without a word at a given moment of a creation under a key.

A file beside the media folder, `die-at`, names the moment; it is removed first, so that the next process lives.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from tests.streaming.served import application
from videos.access import once
from videos.access.idempotency import keep_answer
from videos.access.once import answer_once

WISH = Path(os.environ["TEST_MEDIA_FOLDER"]).parent / "die-at"


def _live_until(moment: str) -> None:
    if WISH.exists() and WISH.read_text() == moment:
        WISH.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


def _keep(**given: Any) -> None:
    _live_until("created, not kept")
    keep_answer(**given)
    _live_until("kept, not committed")


def _answer(*given: Any) -> Any:
    _live_until("claimed, not created")
    answer = answer_once(*given)
    _live_until("committed, not answered")
    return answer


# Where they are called.
setattr(once, "keep_answer", _keep)  # noqa: B010 - types forbid the plain way
setattr(once, "answer_once", _answer)  # noqa: B010 - the same
__all__ = ["application"]
