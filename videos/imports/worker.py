"""A worker's side of an import: claim it, keep its lease while the bytes arrive, hand the source over or say why not."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog
from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault, GilfoyleError, NoSpace, Refusal, StaleWork
from gilfoyle.lib.outbound import OutboundFault
from gilfoyle.lib.queue import close_old_connections
from videos.errors import UploadInProgress, UploadTakenOver
from videos.imports import services
from videos.imports.errors import ServerBusy, SourceChanged
from videos.imports.models import Import
from videos.imports.transfer import Transfer
from videos.uploads.errors import UploadExpired, UploadNotFound, UploadResumedElsewhere

log = structlog.get_logger(__name__)
TOLD = (OutboundFault, ServerBusy, SourceChanged)  # faults whose words are for the consumer
OTHERS_PAUSE_S = 10
SPACE_PAUSE_S = 60
# Another upload, which may not arrive, holds the video, or has taken the place of ours.
CROSSED = (UploadInProgress, UploadTakenOver, UploadResumedElsewhere, UploadExpired, UploadNotFound)
OnBytes = Callable[[int, int | None], None]
_busy = threading.Lock()
_running = 0


class OurFault(Fault):
    """Something here broke while a source was fetched."""

    code = "import_fault"


class ImportLease:
    """Renews an import's lease from a thread of its own; `check()` raises once it is lost or cancelled."""

    def __init__(self, held: Import, *, lease_s: float) -> None:
        self._held, self._lease_s = held, lease_s
        self._ended, self._lost = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease-{held.pk}", daemon=True)
        self.received_bytes = 0

    def check(self) -> None:
        """Raises: StaleWork."""
        if self._lost.is_set():
            message = "This import was given to another worker, or cancelled."
            raise StaleWork(message, import_id=self._held.pk)

    def pause(self, pause_s: float) -> None:
        """Wait, but no longer than the lease is held. Raises: StaleWork."""
        self._lost.wait(pause_s)
        self.check()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew for as long as the block runs."""
        self._thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._thread.join()

    def _keep(self) -> None:
        try:
            self._renew_until_ended_or_lost()
        except Exception:
            log.exception("import_keeper_broke", import_id=self._held.pk)
        finally:
            # Whatever ended this thread: a lease that nobody renews is not held.
            if not self._ended.is_set():
                self._lost.set()
            connection.close()

    def _renew_until_ended_or_lost(self) -> None:
        valid_until = timezone.now().timestamp() + self._lease_s
        while not self._ended.wait(min(2.0, self._lease_s / 4)):
            asked_at = timezone.now().timestamp()
            try:
                is_held = services.renew_import(
                    held=self._held, lease_s=self._lease_s, received_bytes=self.received_bytes
                )
                valid_until = asked_at + self._lease_s if is_held else 0.0
            except Error as error:
                connection.close()
                log.warning("import_not_renewed", import_id=self._held.pk, error=str(error))
            if timezone.now().timestamp() >= valid_until:
                return


def run_next_import() -> bool:
    """Claim and do one import; False where there was none, or this process is at as many as it may be."""
    config: Config = settings.GILFOYLE
    with _slot(config.imports.at_once) as is_free:
        if not is_free:
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

    with lease.kept():
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
