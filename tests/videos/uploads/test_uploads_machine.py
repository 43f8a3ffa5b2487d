"""Resumable uploads under anything that may happen to them, in any order, against a plain model of files."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    multiple,
    rule,
    run_state_machine_as_test,
)

from gilfoyle.lib import storage
from gilfoyle.lib.errors import Refusal
from tests.factories import make_account
from tests.lengths import length
from videos import layout
from videos.errors import SourceTooLarge, UploadIncomplete
from videos.uploads import appending, tus
from videos.uploads.appending import append_bytes
from videos.uploads.bodies import Body
from videos.uploads.errors import ChecksumMismatch, UploadExpired
from videos.uploads.finishing import finish_left_uploads, finish_upload
from videos.uploads.models import Upload
from videos.uploads.permits import permit_of_key
from videos.uploads.resumable import create_upload, look_up, terminate_upload
from videos.uploads.services import release_stale_uploads

SMALL = st.binary(max_size=30)


@dataclass
class Model:
    """What an upload is by the rules: its bytes, its length once it is told, and whether it is over."""

    kind: str
    length: int | None
    data: bytearray = field(default_factory=bytearray)
    is_over: bool = False
    is_spent: bool = False  # it went into a file

    @property
    def is_whole(self) -> bool:
        return self.length == len(self.data)


class UploadsMachine(RuleBasedStateMachine):
    """Clients that go on, break off, lie about offsets and bytes; writers that die; parts, ends and expiries."""

    uploads = Bundle("uploads")
    parts = Bundle("parts")

    def __init__(self) -> None:
        super().__init__()
        self.sandbox = transaction.atomic()
        self.sandbox.__enter__()
        self.permit = permit_of_key(make_account().key, django_settings.GILFOYLE)
        self.models: dict[str, Model] = {}

    def teardown(self) -> None:
        """In the end each file that was not given up is completed, and is what it should be."""
        for upload_id, model in self.models.items():
            if model.is_over or model.kind == "partial":
                continue
            if model.kind == "resumable" and not model.is_whole:
                self.complete(upload_id, model)
            finish_left_uploads(config=django_settings.GILFOYLE)
            self.require_source(upload_id, bytes(model.data))
        transaction.set_rollback(True)
        self.sandbox.__exit__(None, None, None)

    def complete(self, upload_id: str, model: Model) -> None:
        rest = b"the end"[: model.length - len(model.data)] if model.length is not None else b"the end"
        rest += b"." * ((model.length or 0) - len(model.data) - len(rest))
        append_bytes(
            permit=self.permit,
            upload_id=upload_id,
            append=tus.Append(len(model.data), len(model.data) + len(rest)),
            body=Body(io.BytesIO(rest).readinto, len(rest)),
            config=django_settings.GILFOYLE,
        )
        model.data += rest

    def require_source(self, upload_id: str, data: bytes) -> None:
        upload = Upload.objects.get(pk=upload_id)
        assert upload.video is not None
        assert (upload.status, upload.video.status) == ("finished", "processing")
        assert upload.sha256 == hashlib.sha256(data).hexdigest() == upload.video.source_sha256
        name = layout.source_name(upload.video.project_id, upload.video.pk, upload_id)
        with storage.open_stored(name) as source:
            assert source.read() == data

    def create(self, kind: str, length: int | None, **headers: str) -> str:
        told = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
        creation = tus.read_creation({**told, **headers}, has_body=False)
        upload = create_upload(permit=self.permit, creation=creation, config=django_settings.GILFOYLE)
        if length == 0 and kind == "resumable":
            finish_upload(upload_id=upload.pk, config=django_settings.GILFOYLE)
        self.models[upload.pk] = Model(kind, length)
        return upload.pk

    @rule(target=uploads, length=st.one_of(st.none(), st.integers(0, 60)))
    def begin(self, length: int | None) -> str:
        return self.create("resumable", length)

    @rule(target=parts, length=st.one_of(st.none(), st.integers(0, 40)))
    def begin_part(self, length: int | None) -> str:
        return self.create("partial", length, **{"Upload-Concat": "partial"})

    @rule(
        upload_id=st.one_of(uploads, parts),
        drift=st.sampled_from([0, 0, 0, 0, 0, 1, -1]),
        data=SMALL,
        lost=st.integers(0, 5),
        told=st.sampled_from([None, None, None, 0, 9]),
        check=st.sampled_from([None, None, "right", "wrong"]),
        is_counted=st.booleans(),
    )
    def append(
        self,
        upload_id: str,
        drift: int,
        data: bytes,
        lost: int,
        told: int | None,
        check: str | None,
        is_counted: bool,
    ) -> None:
        model = self.models[upload_id]
        if model.is_whole and not is_counted:
            data = b""  # of what is finished no more is read, so nobody knows how much more was sent
        came = data[: len(data) - min(lost, len(data))] if is_counted else data
        wanted = len(model.data) + len(data) + told if told is not None else None
        digest = hashlib.sha1(data if check == "right" else data + b"?").digest()  # noqa: S324 - the protocol's own
        append = tus.Append(
            max(0, len(model.data) + drift), wanted, tus.Checksum("sha1", digest) if check else None
        )
        body = Body(io.BytesIO(came).readinto, len(data) if is_counted else None)
        after = model.length if model.length is not None else wanted
        is_good = not model.is_over and model.kind != "final" and append.offset_bytes == len(model.data)
        is_good &= wanted is None or wanted == after
        is_good &= after is None or len(model.data) + len(data) <= after
        is_checked = check != "wrong" and (check is None or came == data)
        try:
            append_bytes(
                permit=self.permit,
                upload_id=upload_id,
                append=append,
                body=body,
                config=django_settings.GILFOYLE,
            )
            was_taken = True
        except UploadIncomplete:
            assert came != data
            was_taken = check is None
        except ChecksumMismatch:
            assert check == "wrong"
            was_taken = False
        except SourceTooLarge:
            assert not is_good
            self.keep_what_came_before(upload_id, model, data, after)
            return
        except Refusal:
            assert not is_good
            return
        assert is_good
        # A finished upload confirms again what it has, whatever is sent along.
        if Upload.objects.get(pk=upload_id).status == "receiving" or not model.is_whole:
            model.length = after
            assert was_taken == is_checked
            if was_taken:
                model.data += came

    def keep_what_came_before(self, upload_id: str, model: Model, data: bytes, length: int | None) -> None:
        """Of a body whose end was not known some may be kept, but never so that it seems to be all."""
        upload, before_bytes = Upload.objects.get(pk=upload_id), len(model.data)
        model.data += data[: upload.offset_bytes - len(model.data)]
        model.length = upload.length_bytes
        assert length is None or len(model.data) < length or len(model.data) == before_bytes

    @rule(upload_id=st.one_of(uploads, parts))
    def ask(self, upload_id: str) -> None:
        model = self.models[upload_id]
        if model.is_over:
            with pytest.raises(UploadExpired):
                look_up(permit=self.permit, upload_id=upload_id)
            return
        upload = look_up(permit=self.permit, upload_id=upload_id)
        assert (upload.offset_bytes, upload.length_bytes) == (len(model.data), model.length)

    @rule(upload_id=st.one_of(uploads, parts))
    def die_while_writing(self, upload_id: str) -> None:
        """A process is killed that had written more than it could make durable."""
        over = timezone.now() - timedelta(seconds=1)
        writing = Upload.objects.filter(pk=upload_id, status="receiving")
        if writing.update(writer="dead", writer_expires_at=over):
            upload = writing.get()
            last = upload.pieces.last()
            path = storage.local_path(
                layout.upload_piece_name(upload.project_id or "", upload.pk, last.name if last else "begun")
            )
            assert path is not None
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                file.write(b"not durable")

    @rule(upload_id=consumes(uploads))
    def terminate(self, upload_id: str) -> None:
        model = self.models[upload_id]
        if not model.is_over:
            terminate_upload(permit=self.permit, upload_id=upload_id)
            model.is_over = True

    @rule(upload_id=uploads)
    def expire(self, upload_id: str) -> None:
        over = timezone.now() - timedelta(seconds=1)
        if Upload.objects.filter(pk=upload_id, status="receiving").update(lease_expires_at=over):
            assert release_stale_uploads() == 1
            self.models[upload_id].is_over = True

    @rule(target=uploads, chosen=st.lists(parts, min_size=1, max_size=3))
    def put_together(self, chosen: list[str]) -> Any:
        models = [self.models[part] for part in chosen]
        is_whole = all(model.is_whole for model in models)
        is_there = not any(model.is_over or model.is_spent for model in models)
        creation = tus.read_creation({"Upload-Concat": f"final;{' '.join(chosen)}"}, has_body=False)
        if not is_there:
            with pytest.raises(UploadExpired):
                create_upload(permit=self.permit, creation=creation, config=django_settings.GILFOYLE)
            return multiple()
        if not is_whole:
            return multiple()  # test_finishing.py has those that wait
        upload = create_upload(permit=self.permit, creation=creation, config=django_settings.GILFOYLE)
        assert finish_upload(upload_id=upload.pk, config=django_settings.GILFOYLE)
        whole = b"".join(bytes(model.data) for model in models)
        self.require_source(upload.pk, whole)
        self.models[upload.pk] = Model("final", len(whole), bytearray(whole))
        for part in chosen:
            self.parts_went(part)
        return upload.pk

    def parts_went(self, part: str) -> None:
        assert Upload.objects.get(pk=part).status == "finished"
        self.models[part].is_spent = True


@pytest.mark.long
@pytest.mark.django_db
def test_uploads_are_what_the_model_says(media_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(appending, "READ_BYTES", 7)
    monkeypatch.setattr(appending, "MOST_READ_BYTES", 7)
    monkeypatch.setattr(appending, "FLUSH_S", 0)
    run_state_machine_as_test(
        UploadsMachine,
        settings=settings(
            max_examples=length(7, 15),
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
