"""What a project stores, under anything that uploads may do, in any order, against a plain model of a quota.

The model knows what each upload was promised and what each video has; the rows must agree after every step, nothing may
be taken beyond the limit, and nothing may be refused that fits.
"""

from __future__ import annotations

import io
from contextlib import suppress
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
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gilfoyle.lib.errors import Refusal
from tests.factories import make_video
from tests.lengths import length
from tests.limited import key_use_of, limited_account, use_of
from videos.catalog import purge
from videos.catalog import services as catalog
from videos.errors import QuotaExceeded, SourceTooLarge
from videos.models import Upload, Video
from videos.uploads import finishing, reserving, tus
from videos.uploads.appending import append_bytes
from videos.uploads.bodies import Body
from videos.uploads.finishing import finish_finals_of, finish_upload
from videos.uploads.permits import permit_of_key
from videos.uploads.resumable import create_upload, end_uploads_of, terminate_upload
from videos.uploads.services import receive_source, release_stale_uploads

LIMIT = 100
SIZE = st.integers(1, 60)


@dataclass
class Open:
    """An upload that has not ended."""

    kind: str
    length: int | None
    kept: int
    came: int = 0
    parts: list[str] = field(default_factory=list)


class QuotaMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.sandbox = transaction.atomic()
        self.sandbox.__enter__()
        self.account = limited_account(max_stored_bytes=LIMIT)
        self.config = django_settings.GILFOYLE
        self.permit = permit_of_key(self.account.key, self.config)
        self.open: dict[str, Open] = {}
        self.stored: dict[str, int] = {}  # by video

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.sandbox.__exit__(None, None, None)

    @property
    def left(self) -> int:
        return LIMIT - sum(one.kept for one in self.open.values()) - sum(self.stored.values())

    @invariant()
    def rows_and_model_agree(self) -> None:
        use = use_of(self.account)
        assert use.uploading_bytes == sum(one.kept for one in self.open.values())
        assert use.stored_bytes == sum(self.stored.values())
        assert use.uploads == len(self.open)
        assert use.taken_bytes <= LIMIT
        assert key_use_of(self.account).uploading_bytes == use.uploading_bytes

    def create(self, **headers: str) -> Upload | None:
        creation = tus.read_creation(headers, has_body=False)
        try:
            return create_upload(permit=self.permit, creation=creation, config=self.config)
        except (QuotaExceeded, SourceTooLarge):
            return None

    @rule(size=st.one_of(SIZE, st.none(), st.just(LIMIT + 1)), is_part=st.booleans())
    def begin(self, size: int | None, is_part: bool) -> None:
        told = {"Upload-Defer-Length": "1"} if size is None else {"Upload-Length": str(size)}
        left = self.left
        upload = self.create(**told, **({"Upload-Concat": "partial"} if is_part else {}))
        assert (upload is not None) == (left >= (size or 0))
        if upload is not None:
            self.open[upload.pk] = Open("partial" if is_part else "resumable", size, size or 0)

    @precondition(lambda self: any(one.kind != "final" for one in self.open.values()))
    @rule(data=st.data(), size=SIZE, is_counted=st.booleans(), is_end=st.booleans())
    def append(self, data: st.DataObject, size: int, is_counted: bool, is_end: bool) -> None:
        """Send bytes, with or without saying how many; of a file whose length is not told perhaps as its end."""
        upload_id = data.draw(st.sampled_from([pk for pk, one in self.open.items() if one.kind != "final"]))
        model = self.open[upload_id]
        if model.length is not None:
            size = min(size, model.length - model.came)
        wanted = model.came + size
        tells = wanted if model.length is None and is_end else None
        fits = model.length is not None or wanted - model.kept <= self.left
        most = model.kept + self.left
        body = Body(io.BytesIO(b"x" * size).readinto, size if is_counted else None)
        try:
            append_bytes(
                permit=self.permit,
                upload_id=upload_id,
                append=tus.Append(model.came, tells),
                body=body,
                config=self.config,
            )
        except (QuotaExceeded, SourceTooLarge):
            # Either its own bytes do not fit, or those of a file that waited for it.
            if not fits:
                if not is_counted and tells is None:  # up to the very byte at which the quota ends
                    model.came = model.kept = most
                return
        else:
            assert fits
        model.came, model.kept = wanted, wanted if model.length is None else model.length
        model.length = tells if model.length is None else model.length
        self.complete(upload_id)

    def complete(self, upload_id: str) -> None:
        model = self.open[upload_id]
        if model.length != model.came:
            return
        if model.kind == "resumable":
            self.arrive(upload_id, model.length)
            return
        for final_id, final in list(self.open.items()):
            if upload_id in final.parts and final_id in self.open:
                self.try_finish(final_id)

    def arrive(self, upload_id: str, length: int) -> None:
        upload = Upload.objects.get(pk=upload_id)
        assert (upload.status, upload.length_bytes) == ("finished", length)
        del self.open[upload_id]
        self.stored[upload.video_id or ""] = length

    def beyond_parts(self, parts: list[str], before: list[str]) -> int:
        taken = {part for final_id in before for part in self.open[final_id].parts}
        surplus = 0
        for part in parts:
            is_counted = part in self.open and part not in taken
            surplus += 0 if is_counted else Upload.objects.get(pk=part).length_bytes or 0
            taken.add(part)
        return surplus

    def finals_before(self, final_id: str) -> list[str]:
        finals = [
            pk for pk, one in self.open.items() if one.kind == "final"
        ]  # in the order of their creation
        return finals[: finals.index(final_id)]

    def try_finish(self, final_id: str) -> None:
        """What a file that is put together does once its last part is there: it takes their place, or is given up."""
        final = self.open[final_id]
        lengths = {part: self.open[part] for part in final.parts if part in self.open}
        if set(lengths) != set(final.parts) or any(one.length != one.came for one in lengths.values()):
            return
        surplus = self.beyond_parts(final.parts, self.finals_before(final_id))
        if surplus > final.kept and surplus - final.kept > self.left:
            assert Upload.objects.get(pk=final_id).status == "aborted"
            del self.open[final_id]
            return
        self.arrive(final_id, sum(lengths[part].length or 0 for part in final.parts))
        needed = {part for one in self.open.values() for part in one.parts}
        for part in set(final.parts) - needed:
            del self.open[part]

    @precondition(lambda self: any(one.kind == "partial" for one in self.open.values()))
    @rule(data=st.data(), count=st.integers(1, 3))
    def put_together(self, data: st.DataObject, count: int) -> None:
        there = [pk for pk, one in self.open.items() if one.kind == "partial"]
        parts = [data.draw(st.sampled_from(there)) for _ in range(count)]
        finals = [pk for pk, one in self.open.items() if one.kind == "final"]
        surplus, left = self.beyond_parts(parts, finals), self.left
        upload = self.create(**{"Upload-Concat": f"final;{' '.join(parts)}"})
        assert (upload is not None) == (left >= surplus)
        if upload is None:
            return
        self.open[upload.pk] = Open("final", None, surplus, parts=parts)
        with suppress(QuotaExceeded, SourceTooLarge):
            finish_upload(upload_id=upload.pk, config=self.config)
        self.try_finish(upload.pk)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), how=st.sampled_from(["terminate", "expire", "delete"]))
    def end(self, data: st.DataObject, how: str) -> None:
        upload_id = data.draw(st.sampled_from(list(self.open)))
        video = Upload.objects.select_related("video").get(pk=upload_id).video
        if how == "terminate" or (how == "delete" and video is None):
            terminate_upload(permit=self.permit, upload_id=upload_id)
        elif how == "expire":
            over = timezone.now() - timedelta(seconds=1)
            Upload.objects.filter(pk=upload_id).update(lease_expires_at=over)
            assert release_stale_uploads() == 1
        elif video is not None:
            catalog.delete_video(video=video)
            end_uploads_of(video_id=video.pk)
        del self.open[upload_id]

    @rule(size=SIZE)
    def send_whole(self, size: int) -> None:
        video = make_video(self.account.project)
        self.receive(video, size)

    def receive(self, video: Video, size: int) -> None:
        left = self.left
        try:
            receive_source(
                video=video,
                length_bytes=size,
                read=io.BytesIO(b"y" * size).read,
                config=self.config,
                api_key_id=self.account.key.pk,
            )
        except QuotaExceeded:
            assert left < size
        else:
            assert left >= size
            self.stored[video.pk] = size

    @precondition(lambda self: self.stored)
    @rule(data=st.data(), size=SIZE)
    def replace(self, data: st.DataObject, size: int) -> None:
        """A source that failed is replaced: until the new one is there, both count."""
        video = Video.objects.get(pk=data.draw(st.sampled_from(list(self.stored))))
        if video.status == "processing":
            catalog.mark_failed(video_id=video.pk, code="x", message="y")
            self.receive(video, size)

    @rule()
    def break_off(self) -> None:
        """A connection that breaks gives back what was kept for it."""
        with pytest.raises(Refusal):
            receive_source(
                video=make_video(self.account.project),
                length_bytes=1,
                read=lambda _size: b"",
                config=self.config,
            )

    @precondition(lambda self: self.stored)
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        """A deleted video counts until its files are gone."""
        video_id = data.draw(st.sampled_from(list(self.stored)))
        catalog.delete_video(video=Video.objects.get(pk=video_id))
        self.rows_and_model_agree()
        purge.purge_deleted(now=timezone.now() + timedelta(minutes=5))
        del self.stored[video_id]


@pytest.mark.long
@pytest.mark.django_db
def test_use_is_what_the_model_says(media_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reserving, "STEP_BYTES", 16)
    run_state_machine_as_test(
        QuotaMachine,
        settings=settings(
            max_examples=length(7, 15),
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.django_db
@pytest.mark.parametrize("is_late", [False, True])
def test_a_part_that_is_ended_before_its_file_is_there_gives_nothing_away(
    is_late: bool, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the model can't see: the part goes just before its file is put together, or while it is."""
    account = limited_account(max_stored_bytes=LIMIT)
    permit, config = permit_of_key(account.key, django_settings.GILFOYLE), django_settings.GILFOYLE
    creation = tus.Creation(60, concat=tus.read_concat("partial"))
    part = create_upload(permit=permit, creation=creation, config=config)
    body = Body(io.BytesIO(b"x" * 60).readinto, 60)
    append_bytes(permit=permit, upload_id=part.pk, append=tus.Append(0), body=body, config=config)
    final = tus.Creation(None, concat=tus.read_concat(f"final;{part.pk}"))
    waiting = create_upload(permit=permit, creation=final, config=config)
    store = finishing._store

    def end_part() -> None:
        Upload.objects.filter(pk=part.pk).update(status="aborted")  # its bytes are still there
        create_upload(permit=permit, creation=tus.Creation(90), config=config)

    def store_late(*given: Any) -> str:
        stored = store(*given)
        end_part()
        return stored

    if is_late:
        monkeypatch.setattr(finishing, "_store", store_late)
    else:
        end_part()
    with pytest.raises(QuotaExceeded):
        finish_finals_of(part_id=part.pk, project_id=account.project.pk, config=config)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.ended_code) == ("aborted", "quota_exceeded")
    assert use_of(account).taken_bytes == 90
