"""What follows where something banned comes back: a match and news of it, once, and nothing is deleted."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.db import connection

from gilfoyle.lib import events, ids
from tests.factories import make_project, make_video
from tests.videos.fingerprints.bans import make_ban, make_list, make_uploaded
from videos.catalog.services import accept_source, begin_receiving, delete_video
from videos.catalog.sources import record_source_hash
from videos.events import MaterialRecognised
from videos.fingerprints.models import FingerprintMatch, VideoFingerprint
from videos.fingerprints.services import Sighting, judge_match, match_file, record_fingerprint

pytestmark = pytest.mark.django_db

FILM = hashlib.sha256(b"a film").hexdigest()


@pytest.fixture
def news(monkeypatch: pytest.MonkeyPatch) -> list[MaterialRecognised]:
    heard: list[MaterialRecognised] = []

    def hear(event: MaterialRecognised) -> None:
        assert connection.in_atomic_block
        heard.append(event)

    monkeypatch.setitem(events._handlers, MaterialRecognised, [hear])
    return heard


def upload(sha256: str, **fields: Any):
    video = make_video(**fields)
    begin_receiving(video_id=video.pk)
    accept_source(video_id=video.pk, upload_id=ids.new_upload_id(), size_bytes=6, sha256=sha256)
    return video


def test_a_banned_file_is_recognised_in_the_transaction_that_takes_it_in(
    news: list[MaterialRecognised],
) -> None:
    ban = make_ban(FILM)
    video = upload(FILM)
    match = FingerprintMatch.objects.get()
    assert news == [MaterialRecognised(video.pk, match.pk)]
    assert (match.video_id, match.ban, match.kind, match.action, match.verdict) == (
        video.pk, ban, "sha256", "hold", "pending",
    )  # fmt: skip
    upload(hashlib.sha256(b"another").hexdigest())
    assert len(news) == 1


def test_lists_that_are_off_and_bans_that_were_taken_back_find_nothing(
    news: list[MaterialRecognised],
) -> None:
    make_ban(FILM, hash_list=make_list("off", enabled=False))
    ban = make_ban(FILM, hash_list=make_list("on"))
    ban.revoked_at = ban.created_at
    ban.save()
    upload(FILM)
    assert news == []


def test_a_list_that_flags_says_so_in_the_match(news: list[MaterialRecognised]) -> None:
    make_ban(FILM, hash_list=make_list("soft", action="flag"))
    upload(FILM)
    assert FingerprintMatch.objects.get().action == "flag"


def test_what_a_project_banned_for_itself_concerns_no_other(news: list[MaterialRecognised]) -> None:
    project = make_project()
    make_ban(FILM, project_id=project.pk)
    upload(FILM)
    assert news == []
    upload(FILM, project=project)
    assert len(news) == 1


def test_a_hash_that_is_known_later_is_looked_for_then(news: list[MaterialRecognised]) -> None:
    make_ban(FILM)
    video = upload("")
    assert news == []
    video.refresh_from_db()
    record_source_hash(video_id=video.pk, upload_id=video.source_upload_id, sha256=FILM)
    assert [event.video_id for event in news] == [video.pk]


def test_of_a_cleaned_source_the_uploaded_file_counts(news: list[MaterialRecognised]) -> None:
    make_ban(FILM)
    video = make_uploaded(source=b"cleaned", source_version="v", source_cleaning={"uploaded_sha256": FILM})
    assert [event.video_id for event in news] == [video.pk]


def test_news_is_told_once_and_not_again_after_a_verdict(news: list[MaterialRecognised]) -> None:
    make_ban(FILM)
    video = make_uploaded()
    judge_match(match_id=FingerprintMatch.objects.get().pk, is_true=False)
    assert match_file(video_id=video.pk) == 0
    assert len(news) == 1
    match = FingerprintMatch.objects.get()
    assert (match.verdict, match.judged_at is not None) == ("false", True)


def record(video, *sightings: Sighting, md5: str = "", version: int = 7) -> None:
    record_fingerprint(
        video_id=video.pk, upload_id=video.source_upload_id, hashes=b"h" * 64, algorithm="dct256-1",
        md5=md5, sightings=sightings, searched_version=version,
    )  # fmt: skip


def test_what_pictures_were_recognised_as_is_kept_with_where(news: list[MaterialRecognised]) -> None:
    ban = make_ban("d" * 64, kind="dct256")
    video = make_uploaded()
    record(video, Sighting(ban.pk, 0.5, 0.25, frames=9, at_s=3, ban_at_s=1, least_bits=4))
    match = FingerprintMatch.objects.get()
    assert (match.video_share, match.ban_share, match.frames, match.at_s, match.ban_at_s) == (
        0.5,
        0.25,
        9,
        3,
        1,
    )
    assert (match.algorithm, match.least_bits) == ("dct256-1", 4)
    kept = VideoFingerprint.objects.get()
    assert kept.searched_version == 7
    assert b"hhhh" not in bytes(kept.hashes or b"")
    assert len(news) == 1


def test_a_ban_that_was_taken_back_while_pictures_were_compared_is_none(
    news: list[MaterialRecognised],
) -> None:
    ban = make_ban("d" * 64, kind="dct256")
    video = make_uploaded()
    ban.revoked_at = ban.created_at
    ban.save()
    record(video, Sighting(ban.pk))
    assert news == []


def test_pictures_of_a_source_that_was_replaced_count_for_nothing(news: list[MaterialRecognised]) -> None:
    ban = make_ban("d" * 64, kind="dct256")
    video = make_uploaded()
    VideoFingerprint.objects.update(upload_id="upl_another")
    record(video, Sighting(ban.pk))
    assert news == []
    assert VideoFingerprint.objects.get().hashes is None


def test_md5_is_looked_for_where_it_was_worked_out(news: list[MaterialRecognised]) -> None:
    make_ban("e" * 32, kind="md5")
    video = make_uploaded()
    record(video, md5="e" * 32)
    assert FingerprintMatch.objects.get().kind == "md5"


def test_a_video_is_not_recognised_as_itself(news: list[MaterialRecognised]) -> None:
    video = make_uploaded()
    make_ban(FILM, video_id=video.pk)
    assert match_file(video_id=video.pk) == 0


def test_what_a_deleted_video_looked_like_is_forgotten_and_its_matches_stay(
    news: list[MaterialRecognised],
) -> None:
    make_ban(FILM)
    video = make_uploaded()
    delete_video(video=video)
    assert not VideoFingerprint.objects.exists()
    assert FingerprintMatch.objects.count() == 1
