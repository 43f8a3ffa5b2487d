from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gilfoyle.lib.errors import NoSpace
from gilfoyle.lib.reservations import REGISTRY, promised_bytes
from processing.errors import ScratchUnusable
from processing.jobs import room
from processing.jobs.footprint import Footprint
from processing.jobs.models import Step
from processing.jobs.room import claims_of, needs_of, reserved_room
from processing.jobs.steps_clean import MOST_WAITS
from tests.factories import make_job, make_video
from tests.small_disk import small_disk

pytestmark = pytest.mark.django_db
MIB = 1024 * 1024
GIB = 1024 * MIB


def probe_step(source: bytes = b"x") -> Step:
    make_job(make_video(status="processing", source=source))
    return Step.objects.select_related("job__video").get()


def with_reserve(settings: Any, size_bytes: int) -> Any:
    given = settings.GILFOYLE
    return given.model_copy(
        update={"storage": given.storage.model_copy(update={"reserve_bytes": size_bytes})}
    )


def test_a_running_step_holds_what_it_needs(data_dir: Path, settings: Any) -> None:
    step = probe_step()
    with reserved_room(step, settings.GILFOYLE):
        assert (
            promised_bytes(data_dir / REGISTRY, data_dir) == needs_of(step, settings.GILFOYLE).scratch_bytes
        )
    assert promised_bytes(data_dir / REGISTRY, data_dir) == 0


def test_a_step_that_would_go_below_the_reserve_is_not_begun(settings: Any) -> None:
    step = probe_step()
    with pytest.raises(NoSpace) as told, reserved_room(step, with_reserve(settings, 2**60)):
        raise AssertionError
    assert "kept in reserve" in told.value.message


def test_what_goes_wrong_inside_comes_through_and_gives_the_room_back(data_dir: Path, settings: Any) -> None:
    step = probe_step()
    with pytest.raises(OSError, match="gone"), reserved_room(step, settings.GILFOYLE):
        raise OSError("gone")
    assert promised_bytes(data_dir / REGISTRY, data_dir) == 0


def test_the_media_store_counts_where_it_is_a_disk_of_ours(
    data_dir: Path, media_dir: Path, settings: Any
) -> None:
    step, needs = probe_step(), Footprint(3, 5)
    scratch, media = claims_of(step, needs)
    assert (scratch.disk, scratch.size_bytes) == (data_dir / "work", 3)
    assert scratch.written_to == data_dir / "work" / f"{step.pk}-{step.attempt}"
    assert (media.disk, media.size_bytes, media.written_to) == (media_dir / "renditions", 5, None)
    with small_disk(data_dir / "work", size_bytes=8 * MIB):
        with reserved_room(step, with_reserve(settings, 4 * MIB)):
            pass
        with pytest.raises(NoSpace), reserved_room(step, with_reserve(settings, 8 * MIB)):
            raise AssertionError


def test_a_source_that_has_to_be_brought_here_counts(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    step = probe_step(bytes(1000))
    there = needs_of(step, settings.GILFOYLE)
    remote = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = {**settings.STORAGES, "media": remote}
    monkeypatch.setattr(room, "can_serve_sources", lambda: True)
    assert needs_of(step, settings.GILFOYLE) == there
    monkeypatch.setattr(room, "can_serve_sources", lambda: False)
    assert needs_of(step, settings.GILFOYLE).scratch_bytes == there.scratch_bytes + 1000
    assert len(claims_of(step, there)) == 1


def test_a_folder_that_cant_be_written_is_told_in_words(data_dir: Path, settings: Any) -> None:
    step = probe_step()
    data_dir.mkdir(exist_ok=True)
    (data_dir / REGISTRY).write_text("a file where the folder should be")
    with pytest.raises(ScratchUnusable) as told, reserved_room(step, settings.GILFOYLE):
        raise AssertionError
    assert str(data_dir) in told.value.message


def test_a_clean_copy_takes_its_room_once_on_one_disk(data_dir: Path, media_dir: Path) -> None:
    step, needs = probe_step(), Footprint(7, 5, is_moved=True)
    assert [claim.size_bytes for claim in claims_of(step, needs)] == [7]
    with small_disk(data_dir / "work", size_bytes=MIB):
        assert [(claim.disk, claim.size_bytes) for claim in claims_of(step, needs)] == [
            (data_dir / "work", 7),
            (media_dir / "renditions", 5),
        ]


def test_a_step_that_can_end_without_room_waits_for_it_a_while_only(settings: Any) -> None:
    full, step = with_reserve(settings, 2**60), probe_step()
    step.kind, step.waits = "clean_source", MOST_WAITS - 1
    with pytest.raises(NoSpace), reserved_room(step, full):
        raise AssertionError
    step.waits = MOST_WAITS
    with reserved_room(step, full):
        pass
    step.kind = "encode_chunk"
    with pytest.raises(NoSpace), reserved_room(step, full):
        raise AssertionError
