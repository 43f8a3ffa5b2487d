from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages

from gilfoyle.lib import store_trial
from gilfoyle.lib.storage_listing import list_store
from gilfoyle.lib.store_places import ROLES, store_named
from gilfoyle.stores.errors import MoveNotSetUp, StoresAreOne, StoreUnknown
from gilfoyle.stores.moving import Move
from gilfoyle.stores.planning import plan_move, require_apart
from tests.bucket import own_bucket, use_stores
from tests.gilfoyle.stores.moves import ALL, MOVED, begin, fill, folder_store, hashes, plan


@pytest.fixture
def new(settings: Any, tmp_path: Path) -> dict[str, Any]:
    fill(settings)
    return folder_store(tmp_path)


def test_it_is_refused_until_the_settings_say_so(new: dict[str, Any], settings: Any) -> None:
    with pytest.raises(MoveNotSetUp, match="Nothing new goes to new"):
        begin(settings, new, sources="main", renditions="main", also_read="new")
    with pytest.raises(MoveNotSetUp, match="found by nobody meanwhile"):
        begin(settings, new, also_read="")
    with pytest.raises(StoreUnknown, match="no store old"):
        plan_move(settings.GILFOYLE.storage, source="old", target="main", progress=print)
    with pytest.raises(MoveNotSetUp):
        plan_move(settings.GILFOYLE.storage, source="new", target="new", progress=print, is_last=True)


def test_a_trial_leaves_nothing(new: dict[str, Any], settings: Any) -> None:
    begin(settings, new)
    assert set(hashes("main")) == ALL
    assert list(list_store(store_named("new"))) == []


@pytest.mark.parametrize("folder", ["", *store_trial.FOLDERS_OF_OBJECTS])
def test_one_store_under_two_names_is_not_emptied(
    folder: str, new: dict[str, Any], settings: Any, media_dir: Path, tmp_path: Path
) -> None:
    use_stores(
        settings, others=[new], **MOVED
    )  # what is linked, or mounted, later is seen by no check of settings
    before = hashes("main")
    for place in (tmp_path / "new" / folder, media_dir / folder):
        place.parent.mkdir(exist_ok=True)
    (tmp_path / "new" / folder).symlink_to(media_dir / folder)
    for is_last in (False, True):
        with pytest.raises(StoresAreOne, match=folder or "sources"):
            plan(settings, is_last=is_last)
    assert hashes("main") == before


def test_one_bucket_under_two_names_is_not_emptied(settings: Any) -> None:
    with own_bucket(settings) as bucket:
        move = Move(bucket, storages["media"], frozenset(ROLES), lambda _what, _count: None)
        with pytest.raises(StoresAreOne, match="sources"):
            require_apart(move)
        assert list(list_store(bucket)) == []
