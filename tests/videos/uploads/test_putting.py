from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.factories import Account
from tests.videos.uploads.test_appending import source_of
from tests.videos.uploads.test_granting import grant
from videos.errors import LengthRequired, SourceExists, UploadIncomplete
from videos.uploads import putting, resumable
from videos.uploads.bodies import Body
from videos.uploads.errors import UploadBytesDiffer, UploadOffsetMismatch
from videos.uploads.models import Upload
from videos.uploads.permits import Permit, permit_of_grant
from videos.uploads.putting import put_bytes

pytestmark = pytest.mark.django_db
DATA = os.urandom(3000)


@pytest.fixture
def permit(account: Account) -> Permit:
    return permit_of_grant(grant(account), settings.GILFOYLE)


def put(permit: Permit, text: str | None, data: bytes, *, size_bytes: int | None = -1) -> Upload | None:
    body = Body(io.BytesIO(data).readinto, len(data) if size_bytes == -1 else size_bytes)
    return put_bytes(permit=permit, content_range=text, body=body, config=settings.GILFOYLE)


def test_a_length_that_is_told_with_the_last_piece(permit: Permit, media_dir: Path) -> None:
    put(permit, "bytes 0-999/*", DATA[:1000])
    put(permit, "bytes 1000-1999/*", DATA[1000:2000])
    upload = put(permit, "bytes 2000-2999/3000", DATA[2000:])
    assert upload is not None
    assert source_of(upload) == DATA


def test_an_empty_file_is_whole(permit: Permit, media_dir: Path) -> None:
    upload = put(permit, None, b"")
    assert upload is not None
    assert source_of(upload) == b""


def test_the_end_of_a_body_must_be_known(permit: Permit) -> None:
    with pytest.raises(LengthRequired):
        put(permit, None, DATA, size_bytes=None)


def test_a_question_begins_nothing(permit: Permit) -> None:
    assert put(permit, "bytes */3000", b"") is None
    assert not Upload.objects.exists()


def test_a_file_does_not_begin_in_its_middle(permit: Permit) -> None:
    with pytest.raises(UploadOffsetMismatch):
        put(permit, "bytes 1000-1999/3000", DATA[1000:2000])
    assert not Upload.objects.exists()


def test_what_broke_off_is_gone_on_with_by_the_whole_file(permit: Permit, media_dir: Path) -> None:
    with pytest.raises(UploadIncomplete):
        put(permit, None, DATA[:1234], size_bytes=len(DATA))
    assert Upload.objects.get().offset_bytes == 1234
    upload = put(permit, None, DATA)
    assert upload is not None
    assert source_of(upload) == DATA
    assert Upload.objects.count() == 1


def test_another_file_is_never_mixed_with_the_one_that_was_begun(permit: Permit, media_dir: Path) -> None:
    put(permit, "bytes 0-999/3000", DATA[:1000])
    other = os.urandom(3000)
    with pytest.raises(UploadBytesDiffer):
        put(permit, "bytes 0-1499/3000", other[:1500])
    put(permit, "bytes 0-1499/3000", other[:1500])
    upload = put(permit, "bytes 1500-2999/3000", other[1500:])
    assert upload is not None
    assert source_of(upload) == other


def test_a_file_of_another_length_takes_the_place_of_the_one_that_was_begun(
    permit: Permit, media_dir: Path
) -> None:
    put(permit, "bytes 0-999/3000", DATA[:1000])
    upload = put(permit, None, DATA[:500])
    assert upload is not None
    assert source_of(upload) == DATA[:500]
    with pytest.raises(SourceExists):
        put(permit, None, DATA)


def test_pieces_of_several_writers_are_compared_too(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable, "GRACE_S", 0)
    put(permit, "bytes 0-999/3000", DATA[:1000])
    upload = Upload.objects.get()
    Upload.objects.update(writer="dead")
    put(permit, "bytes 900-1999/3000", DATA[900:2000])
    assert upload.pieces.count() == 2
    put(permit, "bytes 950-2499/3000", DATA[950:2500])
    put(permit, "bytes 0-2999/3000", DATA)
    assert source_of(upload) == DATA


def test_a_repeated_piece_that_breaks_off_changes_nothing(permit: Permit, media_dir: Path) -> None:
    put(permit, "bytes 0-999/3000", DATA[:1000])
    with pytest.raises(UploadIncomplete):
        put(permit, "bytes 0-999/3000", DATA[:500], size_bytes=1000)
    assert Upload.objects.get().offset_bytes == 1000


def test_a_connection_that_was_still_ending_changes_no_answer(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(permit, "bytes 0-999/3000", DATA[:1000])
    look = resumable.look_up

    def look_a_moment_too_early(**names: Any) -> Upload:
        found = look(**names)
        monkeypatch.undo()
        put(permit, "bytes 1000-1499/3000", DATA[1000:1500])
        return found

    monkeypatch.setattr(putting, "look_up", look_a_moment_too_early)
    told = put(permit, "bytes 1000-1999/3000", DATA[1000:2000])
    assert told is not None
    assert told.offset_bytes == 1500
    upload = put(permit, "bytes 1000-2999/3000", DATA[1000:])
    assert upload is not None
    assert source_of(upload) == DATA


def test_two_first_pieces_at_once_begin_one_file(
    permit: Permit, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = resumable.find_pending_of_grant

    def find_a_moment_too_early(grant_id: str, *_kinds: object) -> Upload | None:
        monkeypatch.undo()
        found = find(grant_id)
        put(permit, "bytes 0-999/3000", DATA[:1000])
        return found

    monkeypatch.setattr(putting, "find_pending_of_grant", find_a_moment_too_early)
    put(permit, "bytes 0-1999/3000", DATA[:2000])
    assert Upload.objects.get().offset_bytes == 2000
