"""Brings the bytes of an import into a resumable upload: what is durable outlives the connection, and the worker."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault
from videos.errors import UploadIncomplete
from videos.imports import services
from videos.imports.errors import SourceChanged
from videos.imports.models import Import
from videos.imports.parts import Version
from videos.imports.reading import PASSING, Pace, RemoteReader
from videos.imports.remotes import Remote, find_remote
from videos.uploads import states as upload_states
from videos.uploads import tus
from videos.uploads.appending import append_bytes
from videos.uploads.bodies import Body, copied
from videos.uploads.errors import UploadExpired, UploadNotFound
from videos.uploads.models import Upload
from videos.uploads.permits import Permit, permit_of_house
from videos.uploads.resumable import create_upload, look_up
from videos.uploads.services import require_room

LOOK_EACH_BYTES = 64 * 1024 * 1024
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Transfer:
    """One attempt at an import. `check` and `pause` raise once it is no longer ours; `on_bytes` hears how far it is."""

    held: Import
    config: Config
    check: Callable[[], None]
    pause: Callable[[float], None]
    on_bytes: Callable[[int, int | None], None]
    permit: Permit = field(init=False)
    broken_by: Fault | None = field(init=False, default=None)
    _look_at_bytes: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        video = self.held.video
        self.permit = permit_of_house(
            project_id=video.project_id,
            video_id=video.pk,
            config=self.config,
            asked_by_key_id=self.held.api_key_id or "",
        )

    def run(self) -> None:
        """Fetch all of it, and hand it over.

        Raises: Refusal, where it can't be fetched; Fault, where it may be later: then what has arrived is kept.
        """
        video = self.held.video
        remote = find_remote(self.held.source_url, config=self.config, project_name=video.project.name)
        upload = self._begun()
        if upload is not None:
            try:
                self._go_on(remote, upload)
            except SourceChanged:
                log.info("import_begins_anew", received_bytes=upload.offset_bytes)
                services.drop_transfer(held=self.held)
            else:
                return
        self._go_on(remote, None)

    def _begun(self) -> Upload | None:
        """Return the upload that an earlier attempt began, with whoever still writes to it stopped."""
        if not self.held.upload_id:
            return None
        try:
            return look_up(permit=self.permit, upload_id=self.held.upload_id)
        except (UploadExpired, UploadNotFound):  # another upload to the video has taken its place
            return None

    def _go_on(self, remote: Remote, upload: Upload | None) -> None:
        first = upload.offset_bytes if upload is not None else 0
        known = self.held.known_version if first else None
        with RemoteReader(remote, pause=self.pause, first=first, known=known) as reader:
            if upload is None:
                creation = tus.Creation(reader.version.size_bytes)
                upload = create_upload(
                    permit=self.permit, creation=creation, config=self.config, way=upload_states.IMPORT
                )
            self._note(upload, reader.version)
            self._append(upload, reader)

    def _note(self, upload: Upload, version: Version) -> None:
        services.record_transfer(
            held=self.held, upload_id=upload.pk, size_bytes=version.size_bytes, version=version.condition
        )

    def _append(self, upload: Upload, reader: RemoteReader) -> None:
        size_bytes = reader.version.size_bytes
        body = Body(
            copied(self._reader(reader)), None if size_bytes is None else size_bytes - upload.offset_bytes
        )
        try:
            upload = self._appended(upload, tus.Append(upload.offset_bytes), body)
        except UploadIncomplete:
            if self.broken_by is None:
                raise
        if self.broken_by is not None:
            raise self.broken_by
        if size_bytes is None:  # now it is known
            end = tus.Append(upload.offset_bytes, length_bytes=upload.offset_bytes)
            self._appended(upload, end, Body(lambda _memory: 0, 0))

    def _appended(self, upload: Upload, append: tus.Append, body: Body) -> Upload:
        return append_bytes(
            permit=self.permit, upload_id=upload.pk, append=append, body=body, config=self.config
        )

    def _require_room(self, received_bytes: int) -> None:
        """Look now and then whether there is room: for what nobody has announced none is reserved. Raises: NoSpace."""
        if received_bytes >= self._look_at_bytes:
            self._look_at_bytes = received_bytes + LOOK_EACH_BYTES
            require_room(length_bytes=LOOK_EACH_BYTES, config=self.config)

    def _reader(self, reader: RemoteReader) -> Callable[[int], bytes]:
        pace = Pace(time.monotonic(), reader.received_bytes)

        def read(size: int) -> bytes:
            self.check()
            try:
                pace.note(reader.received_bytes, time.monotonic())
                piece = reader.read(size)
            except (*PASSING, SourceChanged) as error:
                # As the end of the bytes, so that those before it are made durable and counted.
                self.broken_by = error
                return b""
            if reader.version.size_bytes is None:
                self._require_room(reader.received_bytes)
            self.on_bytes(reader.received_bytes, reader.version.size_bytes)
            return piece

        return read
