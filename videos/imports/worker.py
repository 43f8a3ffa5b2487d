"""A worker's side of an import: claim it, keep its lease while the bytes arrive, hand the source over or say why not."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault, GilfoyleError, NoSpace, Refusal, StaleWork
from gilfoyle.lib.leases import KeptLease, is_stopping
from gilfoyle.lib.outbound import OutboundFault
from gilfoyle.lib.queue import close_old_connections
from videos.errors import TooManyUploads, UploadInProgress, UploadTakenOver
from videos.imports import services
from videos.imports.errors import ServerBusy, SourceChanged
from videos.imports.models import Import
from videos.imports.transfer import Transfer
from videos.uploads.errors import UploadExpired, UploadNotFound, UploadResumedElsewhere

log = structlog.get_logger(__name__)
TOLD = (OutboundFault, ServerBusy, SourceChanged)  # faults whose words are for the consumer
OTHERS_PAUSE_S = 10
SPACE_PAUSE_S = 60
# Another upload, which may not arrive, holds the video, or has taken the place of ours; or there are too many of them.
CROSSED = (
    *(UploadInProgress, UploadTakenOver, UploadResumedElsewhere, UploadExpired, UploadNotFound),
    TooManyUploads,
)
OnBytes = Callable[[int, int | None], None]
_busy = threading.Lock()
_running = 0


class OurFault(Fault):
    """Something here broke while a source was fetched."""

    code = "import_fault"


class ImportLease(KeptLease):
    """The lease of an import; with each renewal it is written how much has arrived."""

    lost_words = services.LOST

    def __init__(self, held: Import, *, lease_s: float) -> None:
        super().__init__(held.pk, lease_s=lease_s)
        self._import = held
        self.received_bytes = held.received_bytes

    def renew(self) -> bool:
        return services.renew_import(
            held=self._import, lease_s=self.lease_s, received_bytes=self.received_bytes
        )


def run_next_import() -> bool:
    """Claim and do one import; False where there was none, or this process is at as many as it may be."""
    config: Config = settings.GILFOYLE
    with _slot(config.imports.at_once) as is_free:
        if not is_free or is_stopping():
            return False
        owner = f"{socket.gethostname()}:{os.getpid()}:{threading.get_ident()}"
        held = services.claim_import(owner=owner, lease_s=config.encoding.lease_s)
        if held is None:
            return False
        with structlog.contextvars.bound_contextvars(
            video_id=held.video_id, import_id=held.pk, attempt=held.attempt
        ):
            run_import(held, config=config)
    return True


@contextmanager
def _slot(at_once: int) -> Iterator[bool]:
    """Say whether one more import may run here: imports wait for others, and must not take all threads."""
    global _running  # noqa: PLW0603 - one count for the process
    with _busy:
        is_free = _running < at_once
        _running += is_free
    try:
        yield is_free
    finally:
        with _busy:
            _running -= is_free


def run_import(
    held: Import, *, config: Config, on_bytes: OnBytes = lambda _received, _size: None
) -> GilfoyleError | None:
    """Fetch what was claimed, and note how it ended; returns what went wrong.

    `on_bytes` hears how much there is of how much.
    """
    log.info("import_started")
    try:
        _fetch(held, config, on_bytes)
    except StaleWork as error:
        log.warning("import_given_up")
        return error
    except GilfoyleError as error:
        return _note(held, error)
    except Exception:
        # The shell of all work: what nobody foresaw is logged whole, and tried again like any fault.
        log.exception("import_broke")
        return _note(held, OurFault(services.OURS))
    log.info("import_ended")
    return None


def _fetch(held: Import, config: Config, on_bytes: OnBytes) -> None:
    lease = ImportLease(held, lease_s=config.encoding.lease_s)

    def hear(received_bytes: int, size_bytes: int | None) -> None:
        lease.received_bytes = received_bytes
        on_bytes(received_bytes, size_bytes)

    with lease.held():
        Transfer(held, config, check=lease.check, pause=lease.pause, on_bytes=hear).run()


def _note(held: Import, error: GilfoyleError) -> GilfoyleError:
    close_old_connections()  # idle since the import began
    log.info("import_failed", code=error.code, message=error.message, facts=error.facts)
    try:
        if isinstance(error, NoSpace):
            services.postpone_import(held=held, error=error, pause_s=SPACE_PAUSE_S)
        elif isinstance(error, CROSSED):
            services.postpone_import(held=held, error=error, pause_s=OTHERS_PAUSE_S)
        elif isinstance(error, Fault) and not isinstance(error, TOLD):
            services.fail_import(held=held, error=OurFault(services.OURS), is_final=False)
        else:
            services.fail_import(held=held, error=error, is_final=isinstance(error, Refusal))
    except StaleWork as lost:
        return lost
    return error
