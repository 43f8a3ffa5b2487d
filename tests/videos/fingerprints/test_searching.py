"""What is banned today is found among what was uploaded before."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from gilfoyle.lib.errors import StaleWork
from tests.videos.fingerprints.bans import make_ban, make_list, make_uploaded
from tests.videos.fingerprints.pictures import scene
from videos.catalog.models import Video
from videos.fingerprints import recognising, searching
from videos.fingerprints.banning import next_version
from videos.fingerprints.hashing import hash_ban, hash_upload
from videos.fingerprints.lists import switch_list
from videos.fingerprints.models import BankState, BlockedFingerprint, FingerprintMatch, VideoFingerprint
from videos.fingerprints.recognising import load_bans
from videos.fingerprints.sealing import seal_hashes
from videos.fingerprints.searching import SearchLease, search_library
from videos.fingerprints.selectors import bank_version
from videos.fingerprints.services import record_fingerprint

pytestmark = pytest.mark.django_db


def hashed(seed: int, **fields: object) -> Video:
    video = make_uploaded(**fields)
    record_fingerprint(
        video_id=video.pk, upload_id=video.source_upload_id, hashes=hash_upload(scene(seed, 12)).tobytes(),
        algorithm="dct256-1", md5="", sightings=(), searched_version=bank_version(),
    )  # fmt: skip
    return video


def put(seed: int, hash_list=None) -> BlockedFingerprint:
    hashes, pictures = hash_ban(scene(seed, 12))
    ban = make_ban(f"{seed:064x}", kind="dct256", hash_list=hash_list)
    ban.hashes = seal_hashes(hashes.tobytes(), owner=ban.pk)
    ban.moments = (pictures * 3 // 8).astype("<u4").tobytes()
    ban.save()
    return ban


def found() -> set[tuple[str, str]]:
    return set(FingerprintMatch.objects.values_list("video_id", "ban_id"))


def test_pictures_and_files_that_are_banned_later_are_found_in_the_library() -> None:
    videos = [hashed(seed, source=f"film {seed}".encode()) for seed in range(4)]
    pictures, file = put(2), make_ban(videos[1].source_sha256)
    assert search_library() is False
    assert found() == {(videos[2].pk, pictures.pk), (videos[1].pk, file.pk)}
    assert set(FingerprintMatch.objects.values_list("was_searched", flat=True)) == {True}
    assert set(VideoFingerprint.objects.values_list("searched_version", flat=True)) == {bank_version()}
    FingerprintMatch.objects.all().delete()
    search_library()
    assert found() == set(), "what was compared is not compared again"


def test_a_video_is_held_before_its_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    """As whoever deletes or restricts it does; on PostgreSQL the two would wait for each other else."""
    done: list[str] = []

    def note(name: str) -> None:
        real = getattr(searching, name)

        def noting(*args: Any, **named: Any) -> Any:
            done.append(name)
            return real(*args, **named)

        monkeypatch.setattr(searching, name, noting)

    for name in ("hold_video", "_note", "record_sightings"):
        note(name)
    make_ban(hashed(0, source=b"a film").source_sha256)
    search_library()
    assert done[:3] == ["hold_video", "_note", "record_sightings"]


def test_only_what_is_newer_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    put(1)
    hashed(7)
    put(2)
    loaded: list[int] = []

    def load(bank, bans, **options):
        loaded.append(bans.count())
        load_bans(bank, bans, **options)

    monkeypatch.setattr("videos.fingerprints.searching.load_bans", load)
    search_library()
    assert loaded == [1]


def test_a_list_that_is_switched_on_is_new_and_one_that_is_off_is_none() -> None:
    hash_list = make_list()
    put(3, hash_list)
    switch_list(name=hash_list.name, enabled=False)
    hashed(3)
    search_library()
    assert found() == set()
    switch_list(name=hash_list.name, enabled=True)
    search_library()
    assert len(found()) == 1


def test_it_stops_after_a_while_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "BATCH", 2)
    for _ in range(5):
        hashed(1)
    put(1)
    turns = 0
    while search_library(turn_s=0):
        turns += 1
        assert turns < 5
    assert (turns, len(found())) == (4, 5), "also in the middle of what it had fetched"


def test_one_at_a_time_and_a_lost_one_is_waited_for_no_longer_than_its_lease() -> None:
    hashed(1)
    put(1)
    BankState.objects.update(search_until=timezone.now() + timedelta(seconds=60))
    assert search_library() is False
    assert found() == set()
    BankState.objects.update(search_until=timezone.now() - timedelta(seconds=1))
    search_library()
    assert len(found()) == 1
    assert BankState.objects.get().search_until is None


def test_whoever_lost_the_lease_stops_and_leaves_it_to_its_holder(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed(1)
    put(1)
    until = timezone.now() + timedelta(seconds=60)
    seen: list[SearchLease] = []

    def lose(lease: SearchLease) -> None:
        assert lease.renew(), "it is ours while one video is compared"
        seen.append(lease)
        BankState.objects.update(search_until=until, search_owner="another")
        assert not lease.renew()
        raise StaleWork("lost", name=lease.name)

    with monkeypatch.context() as patched:
        patched.setattr(SearchLease, "check", lose)
        assert search_library() is False
    assert (len(seen), found()) == (1, set())
    state = BankState.objects.get()
    assert (state.search_until, state.search_owner) == (until, "another")


def test_a_long_comparison_asks_for_its_lease_and_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed(1)
    put(1)
    free: list[bool] = []

    def load_elsewhere() -> None:
        if is_free := recognising._lock.acquire(blocking=False):
            recognising._lock.release()
        free.append(is_free)

    def ask(_lease: SearchLease) -> None:
        other = threading.Thread(target=load_elsewhere)
        other.start()
        other.join()

    monkeypatch.setattr(SearchLease, "check", ask)
    search_library()
    assert len(found()) == 1
    assert all(free)
    assert len(free) >= 12, "one for each picture"


def test_hashes_of_another_algorithm_are_not_compared() -> None:
    hashed(1)
    VideoFingerprint.objects.update(algorithm="dct256-0")
    put(1)
    search_library()
    assert found() == set()
    next_version()
    assert search_library() is False
