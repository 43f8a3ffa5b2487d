"""The actors of direct uploads: a message names one for which there is something left to do."""

from __future__ import annotations

import dramatiq
from django.conf import settings

from videos.uploads import sealing, settling


@dramatiq.actor(max_retries=0)
def settle_upload(upload_id: str) -> None:
    """Copy, hash and accept what was put together."""
    settling.settle_upload(upload_id=upload_id, config=settings.GILFOYLE)


@dramatiq.actor(max_retries=0)
def seal_source(upload_id: str) -> None:
    """Encrypt what became a source in the clear."""
    sealing.seal_source(upload_id=upload_id, config=settings.GILFOYLE)
