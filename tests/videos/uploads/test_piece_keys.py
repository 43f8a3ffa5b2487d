"""What has arrived of an upload lies in a bucket encrypted, can be gone on with, and is unreadable once it was ended."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone
from rest_framework.test import APIClient

from gilfoyle.lib import storage, storage_pieces
from gilfoyle.lib.sealed_chunks import SealBroken, is_sealed
from tests.bucket import own_bucket
from tests.factories import Account
from tests.sealing import set_sealing
from tests.videos.uploads.test_appending import source_of
from tests.videos.uploads.test_granting import grant
from tests.videos.uploads.test_putting import put
from tests.videos.uploads.tus_calls import call, checksum, created, patch
from videos import layout
from videos.catalog.models import SourceKey
from videos.catalog.services import delete_video
from videos.catalog.source_keys import destroy_key, prepare_key
from videos.catalog.sources import READ_ON, remove_spare_sources
from videos.uploads import piece_keys
from videos.uploads.errors import UploadKeyLost
from videos.uploads.finishing import finish_upload
from videos.uploads.models import Upload, UploadPiece
from videos.uploads.permits import permit_of_grant
from videos.uploads.piece_keys import find_piece_key, piece_key_name, prepare_piece_key

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]
DATA = os.urandom(300_000)
HALF = len(DATA) // 2


@pytest.fixture(autouse=True)
def bucket(settings: Any) -> Iterator[Any]:
    with own_bucket(settings) as store:
        yield store


def lying(store: Any) -> dict[str, bytes]:
    found = store.bucket.objects.filter(Prefix=store.location + "/")
    return {one.key.removeprefix(store.location + "/"): one.get()["Body"].read() for one in found}


def key_names() -> set[str]:
    return set(SourceKey.objects.values_list("name", flat=True))


def the_upload() -> Upload:
    return Upload.objects.select_related("video").latest("created_at")


def test_a_paused_upload_lies_there_encrypted_and_is_gone_on_with(bucket: Any, api: APIClient) -> None:
    address = created(api, len(DATA))
    assert patch(api, address, 0, DATA[:HALF]).status_code == 204
    (piece,) = UploadPiece.objects.all()
    assert piece.is_encrypted
    ((name, stored),) = lying(bucket).items()
    assert name.startswith("uploads/")
    assert is_sealed(stored)
    assert key_names() == {piece_key_name(piece.upload)}
    assert patch(api, address, HALF, DATA[HALF:]).status_code == 204
    upload = the_upload()
    assert source_of(upload) == DATA
    assert upload.video is not None
    source = layout.source_name(upload.video.project_id, upload.video.pk, upload.pk)
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert list(lying(bucket)) == [source]
    assert key_names() == {source}
    assert is_sealed(lying(bucket)[source])


def test_parts_that_are_put_together_have_keys_of_their_own(bucket: Any, api: APIClient) -> None:
    parts = [
        created(api, len(half), half, Upload_Concat="partial", Content_Type="application/offset+octet-stream")
        for half in (DATA[:HALF], DATA[HALF:])
    ]
    assert len(key_names()) == 2
    assert all(map(is_sealed, lying(bucket).values()))
    answer = call(api, "POST", "/api/v1/uploads/tus", Upload_Concat="final;" + " ".join(parts))
    assert answer.status_code == 201, answer.content
    upload = Upload.objects.select_related("video").get(kind="final")
    assert source_of(upload) == DATA
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert len(key_names()) == len(lying(bucket)) == 1


def test_a_put_in_pieces_is_compared_with_what_is_there(bucket: Any, account: Account) -> None:
    permit = permit_of_grant(grant(account), django_settings.GILFOYLE)
    put(permit, "bytes 0-199999/300000", DATA[:200_000])
    assert is_sealed(next(iter(lying(bucket).values())))
    upload = put(permit, "bytes 100000-299999/300000", DATA[100_000:])
    assert upload is not None
    assert source_of(upload) == DATA


def test_what_was_ended_is_unreadable(bucket: Any, api: APIClient) -> None:
    address = created(api, len(DATA))
    patch(api, address, 0, DATA[:HALF])
    assert call(api, "DELETE", address).status_code == 204
    assert (lying(bucket), key_names()) == ({}, set())


def test_what_arrives_for_a_video_that_is_deleted_is_unreadable_at_once(api: APIClient) -> None:
    patch(api, created(api, len(DATA)), 0, DATA[:HALF])
    video = the_upload().video
    assert video is not None
    delete_video(video=video)
    assert key_names() == set()


def test_an_upload_may_begin_in_the_clear_and_end_encrypted(
    bucket: Any, api: APIClient, settings: Any
) -> None:
    set_sealing(settings, "never")
    address = created(api, len(DATA))
    patch(api, address, 0, DATA[:HALF])
    set_sealing(settings, "auto")
    patch(api, address, HALF, DATA[HALF : HALF + 1000])
    assert [piece.is_encrypted for piece in UploadPiece.objects.order_by("start_bytes")] == [False, True]
    patch(api, address, HALF + 1000, DATA[HALF + 1000 :])
    assert source_of(the_upload()) == DATA
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert all(map(is_sealed, lying(bucket).values()))


def test_a_piece_that_was_changed_never_becomes_a_source(bucket: Any, api: APIClient) -> None:
    address = created(api, len(DATA))
    patch(api, address, 0, DATA[:HALF])
    ((name, stored),) = lying(bucket).items()
    storage = bucket.bucket.Object(f"{bucket.location}/{name}")
    storage.put(Body=stored[:-1] + bytes((stored[-1] ^ 1,)))
    assert patch(api, address, HALF, DATA[HALF:]).status_code >= 500
    upload = the_upload()
    assert upload.status == "receiving"
    Upload.objects.filter(pk=upload.pk).update(writer="")
    with pytest.raises(SealBroken):
        finish_upload(upload_id=upload.pk, config=django_settings.GILFOYLE)
    assert not [one for one in lying(bucket) if one.startswith("sources/")]


def test_without_its_key_a_piece_is_not_read(api: APIClient) -> None:
    patch(api, created(api, len(DATA)), 0, DATA[:HALF])
    piece = UploadPiece.objects.select_related("upload").get()
    assert find_piece_key(piece) is not None
    destroy_key(piece_key_name(piece.upload))
    with pytest.raises(UploadKeyLost):
        find_piece_key(piece)
    piece.is_encrypted = False
    assert find_piece_key(piece) is None


def test_a_key_that_was_lost_is_not_replaced_and_the_client_is_told(bucket: Any, api: APIClient) -> None:
    address = created(api, len(DATA))
    patch(api, address, 0, DATA[:HALF])
    before = lying(bucket)
    SourceKey.objects.all().delete()  # such as by a database that was restored without its keys
    answer = patch(api, address, HALF, DATA[HALF:])
    assert (answer.status_code, answer.json()["code"]) == (410, "upload_key_lost")
    assert (key_names(), lying(bucket)) == (set(), before)
    assert the_upload().offset_bytes == HALF
    assert call(api, "DELETE", address).status_code == 204
    assert lying(bucket) == {}


def test_each_piece_is_noted_as_it_was_written(
    api: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One piece is written before, the next after another process made a key; both are recorded at the end."""
    set_sealing(settings, "never")
    monkeypatch.setattr(storage_pieces._ObjectPiece, "flush_bytes", 128 * 1024)
    asked: list[Any] = []

    def sealed_from_the_second_on(**of: Any) -> bytes | None:
        asked.append(of)
        if len(asked) == 2:
            set_sealing(settings, "auto")
        return prepare_key(**{**of, "config": django_settings.GILFOYLE})

    monkeypatch.setattr(piece_keys, "prepare_key", sealed_from_the_second_on)
    answer = patch(api, created(api, len(DATA) + 1), 0, DATA, Upload_Checksum=checksum(DATA))
    assert answer.status_code == 204, answer.content
    pieces = list(UploadPiece.objects.order_by("start_bytes"))
    assert [piece.is_encrypted for piece in pieces][:2] == [False, True]
    for piece in pieces:
        name = layout.upload_piece_name(piece.upload.project_id or "", piece.upload_id, piece.name)
        stored = storage_pieces.read_piece(name, piece.size_bytes, key=find_piece_key(piece))
        assert b"".join(stored) == DATA[piece.start_bytes :][: piece.size_bytes]


def test_who_was_taken_for_dead_overwrites_no_sealed_source_with_a_clear_one(
    bucket: Any, api: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_sealing(settings, "never")

    def sleep_while_another_finishes(name: str, target: str) -> None:
        stored = storage.open_ranges(name).read(0, len(DATA))
        set_sealing(settings, "auto")
        Upload.objects.update(writer_expires_at=timezone.now())
        assert finish_upload(upload_id=the_upload().pk, config=django_settings.GILFOYLE)
        storage.save_bytes(target, stored)

    monkeypatch.setattr(storage, "copy_object", sleep_while_another_finishes)
    answer = patch(api, created(api, len(DATA)), 0, DATA)
    assert (answer.status_code, answer.json()["code"]) == (409, "upload_ended")
    assert source_of(the_upload()) == DATA
    remove_spare_sources(now=timezone.now() + READ_ON)
    assert all(map(is_sealed, lying(bucket).values()))
    assert len(lying(bucket)) == len(key_names()) == 1


def test_pieces_that_grow_are_not_encrypted(monkeypatch: pytest.MonkeyPatch, api: APIClient) -> None:
    created(api, len(DATA))
    assert prepare_piece_key(the_upload(), django_settings.GILFOYLE) is not None
    monkeypatch.setattr(storage_pieces, "can_grow", lambda: True)
    assert prepare_piece_key(the_upload(), django_settings.GILFOYLE) is None
