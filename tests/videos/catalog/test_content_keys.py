from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from gilfoyle.lib.wrapped_keys import KeyUnusable
from tests.database_files import read_database_files
from tests.factories import make_rendition, make_video
from videos.catalog import revisions, services
from videos.catalog.content_keys import (
    destroy_content_keys,
    find_cipher,
    find_rendition_key,
    forget_encrypted,
    make_content_key,
    was_shredded,
)
from videos.catalog.models import ContentKey, PastRevision, Video
from videos.catalog.revisions import remove_past
from videos.catalog.selectors import (
    are_keys_missing,
    get_playback_policy,
    is_encrypted,
    list_playable_renditions,
    list_videos,
)

pytestmark = pytest.mark.django_db
ROOT = b"r" * 48


def make_key(video: Video, revision: str | None = None) -> str:
    revision = revision or video.revision
    make_content_key(video_id=video.pk, revision=revision, root_secret=ROOT)
    return revision


def has_key(video: Video, revision: str) -> bool:
    return find_cipher(video_id=video.pk, revision=revision, root_secret=ROOT) is not None


def test_the_row_holds_nothing_that_opens_a_segment() -> None:
    video = make_video()
    revision = make_key(video)
    cipher = find_cipher(video_id=video.pk, revision=revision, root_secret=ROOT)
    assert cipher is not None
    wrapped = bytes(ContentKey.objects.get(pk=revision).wrapped)
    assert cipher.content_key not in wrapped
    with pytest.raises(KeyUnusable):
        find_cipher(video_id=video.pk, revision=revision, root_secret=b"s" * 48)


def test_a_key_that_is_moved_to_another_video_opens_nothing() -> None:
    video, other = make_video(), make_video()
    revision = make_key(video)
    ContentKey.objects.filter(pk=revision).update(video=other)
    with pytest.raises(KeyUnusable):
        find_cipher(video_id=other.pk, revision=revision, root_secret=ROOT)
    assert not has_key(video, revision)


def test_what_is_encrypted_stays_so_where_a_database_was_restored_without_its_keys() -> None:
    video, clear = make_video(status="ready"), make_video(status="ready")
    for one in (video, clear):
        make_rendition(one, "v360")
    revision = make_key(video)
    assert not are_keys_missing()
    ContentKey.objects.all().delete()
    assert are_keys_missing()
    listed = list_videos(project=video.project).get(pk=video.pk)
    for one, is_so in ((video, True), (clear, False)):
        policy = get_playback_policy(one.pk)
        assert policy is not None
        assert policy.is_encrypted is is_encrypted(one) is is_so
        assert [made.is_encrypted for made in list_playable_renditions(one.pk, one.revision)] == [is_so]
    assert is_encrypted(listed)
    assert was_shredded(video_id=video.pk, revision=revision)
    assert not was_shredded(video_id=clear.pk, revision=clear.revision)
    forget_encrypted(video_id=video.pk)
    assert not is_encrypted(video)
    assert not are_keys_missing()


def test_a_sealed_source_without_its_key_is_found() -> None:
    video = make_video(status="ready", source_is_sealed=True)
    assert are_keys_missing()
    Video.objects.filter(pk=video.pk).update(status="deleting")
    assert not are_keys_missing()


def test_players_get_the_keys_of_renditions_that_are_there() -> None:
    video = make_video(status="ready")
    make_rendition(video, "v360")
    make_rendition(video, "a0")
    names: dict[str, Any] = {"video_id": video.pk, "revision": video.revision, "root_secret": ROOT}
    assert find_rendition_key(**names, rendition="v360") is None
    make_key(video)
    picture, sound = (find_rendition_key(**names, rendition=name) for name in ("v360", "a0"))
    assert picture is not None
    assert sound is not None
    assert len({picture, sound}) == 2
    assert find_rendition_key(**names, rendition="v1080") is None
    assert find_rendition_key(**{**names, "revision": "another"}, rendition="v360") is None


def test_deleting_a_video_destroys_its_keys_at_once() -> None:
    video, other = make_video(status="ready"), make_video(status="ready")
    kept = make_key(other)
    make_key(video)
    make_key(video, "earlierrevision")
    services.delete_video(video=video)
    assert not ContentKey.objects.filter(video=video).exists()
    assert Video.objects.filter(pk=video.pk).exists()  # the bytes and the row go later
    assert has_key(other, kept)


def test_a_revision_that_was_replaced_keeps_its_key_for_as_long_as_it_plays() -> None:
    video = make_video(status="ready")
    old = make_key(video)
    new = make_key(video, revisions.begin_revision(video_id=video.pk))
    revisions.replace_revision(video_id=video.pk, revision=new)
    assert has_key(video, old)
    PastRevision.objects.update(since="2020-01-01T00:00:00Z")
    assert remove_past(longest_play_s=60) == 1
    assert not has_key(video, old)
    assert has_key(video, new)


def test_what_was_not_completed_loses_its_key() -> None:
    video = make_video(status="ready")
    playing = make_key(video)
    new = make_key(video, revisions.begin_revision(video_id=video.pk))
    revisions.drop_revision(video_id=video.pk, revision=new)
    assert not has_key(video, new)
    assert has_key(video, playing)


def test_what_is_made_anew_after_a_failure_loses_its_key() -> None:
    video = make_video(status="processing")
    old = make_key(video)
    services.renew_revision(video_id=video.pk)
    assert not has_key(video, old)


def test_another_source_destroys_what_was_made_of_the_last() -> None:
    video = make_video(status="failed", source=b"first")
    old = make_key(video)
    services.begin_receiving(video_id=video.pk)
    services.accept_source(video_id=video.pk, upload_id="upl_other", size_bytes=5, sha256="0" * 64)
    assert not has_key(video, old)


def test_destroying_twice_changes_nothing() -> None:
    video = make_video()
    revision = make_key(video)
    for _ in range(2):
        destroy_content_keys(video_id=video.pk, revision=revision)
    assert not has_key(video, revision)


if connection.vendor == "sqlite":  # where other databases keep their files is their matter

    @pytest.mark.django_db(transaction=True)
    def test_a_destroyed_key_is_not_left_in_the_files_of_the_database() -> None:
        video = make_video(status="ready")
        wrapped = bytes(ContentKey.objects.get(pk=make_key(video)).wrapped)

        def files() -> bytes:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return read_database_files()

        assert wrapped in files()
        services.delete_video(video=video)
        assert wrapped not in files()
