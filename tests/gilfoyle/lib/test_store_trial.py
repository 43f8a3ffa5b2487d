import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage, storages

from gilfoyle.lib.storage import StorageFault, write_to
from gilfoyle.lib.store_places import RENDITIONS, ROLES
from gilfoyle.lib.store_trial import LEFT_S, LeftTrials, find_shared_folder, find_wrong_store, try_store
from tests.bucket import own_bucket, use_bucket
from tests.embedded import free_port


def test_a_store_that_works_is_left_as_it_was(media_dir: Path, settings: Any) -> None:
    assert try_store(storages["media"])
    assert [path for path in media_dir.rglob("*") if path.is_file()] == []
    with own_bucket(settings) as bucket:
        assert try_store(bucket)


@pytest.mark.usefixtures("media_dir")
def test_what_killed_trials_left_goes_after_an_hour_and_what_is_tried_now_stays() -> None:
    store = storages["media"]
    write_to(store, "doctor/left", [b"doctor"])
    trials, now_s = LeftTrials(), time.time()
    for later_s, removed, left in ((0.0, 0, True), (LEFT_S - 60, 0, True), (LEFT_S + 60, 1, False)):
        assert trials.sweep(now_s=now_s + later_s) == removed
        assert store.exists("doctor/left") is left
    write_to(store, "doctor/next", [b"doctor"])
    assert trials.sweep(now_s=now_s + LEFT_S + 120) == 0, "it looks once in an hour"


def test_a_store_that_can_t_be_written_is_told(media_dir: Path) -> None:
    media_dir.parent.mkdir(parents=True, exist_ok=True)
    media_dir.write_bytes(b"no folder")
    with pytest.raises(StorageFault):
        try_store(storages["media"])


def test_stores_that_work_stop_no_start(media_dir: Path) -> None:
    assert find_wrong_store() is None
    assert media_dir.is_dir()


def test_a_folder_that_can_t_be_one_stops_the_start(media_dir: Path) -> None:
    media_dir.parent.mkdir(parents=True, exist_ok=True)
    media_dir.write_bytes(b"no folder")
    wrong = find_wrong_store()
    assert wrong is not None
    assert wrong[0] == "main"


@pytest.mark.parametrize("changed", [{"bucket": "nobody-s"}, {"secret_access_key": "guessed"}])
def test_a_bucket_that_is_not_there_or_not_ours_stops_the_start(
    changed: dict[str, str], settings: Any
) -> None:
    with own_bucket(settings) as bucket:
        given = {
            "bucket": bucket.bucket_name,
            "endpoint_url": bucket.endpoint_url,
            "access_key_id": bucket.access_key,
            "secret_access_key": bucket.secret_key,
        }
        use_bucket(settings, {**given, **changed})
        wrong = find_wrong_store()
        assert wrong is not None
        assert "guessed" not in wrong[1]


def test_a_bucket_that_is_away_stops_none(settings: Any) -> None:
    away = {"bucket": "films", "access_key_id": "a", "secret_access_key": "b"}
    use_bucket(settings, {**away, "endpoint_url": f"http://127.0.0.1:{free_port()}"})
    assert find_wrong_store() is None


def test_one_that_gives_no_answer_stops_none(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = Event()

    def wait(_store: Any) -> bool:
        answer.wait()
        return False

    monkeypatch.setattr("gilfoyle.lib.store_trial.try_store", wait)
    assert find_wrong_store(patience_s=0.01) is None
    answer.set()


def test_a_folder_that_two_stores_share_is_found(media_dir: Path, tmp_path: Path) -> None:
    other = FileSystemStorage(location=tmp_path / "other")
    roles = frozenset(ROLES)
    assert find_shared_folder(storages["media"], other, roles=roles) is None
    media_dir.mkdir(parents=True, exist_ok=True)
    (media_dir / "uploads").symlink_to(tmp_path / "other" / "uploads")
    assert find_shared_folder(storages["media"], other, roles=roles) == "uploads"
    assert find_shared_folder(storages["media"], other, roles=frozenset({RENDITIONS})) is None
