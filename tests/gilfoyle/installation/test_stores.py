"""A media folder whose disk is not mounted, or that is another one's: nothing starts, and nothing is stored there."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from gilfoyle.health import works
from gilfoyle.installation import stores
from gilfoyle.installation.errors import StoreNotOurs
from gilfoyle.installation.models import InstallationFact
from gilfoyle.installation.starting import require_ours
from gilfoyle.installation.stores import require_root, require_stores
from gilfoyle.lib import storage, store_marks
from gilfoyle.lib.store_marks import MARK, read_mark
from gilfoyle.lib.store_trial import find_wrong_store
from gilfoyle.stores.inventory import Inventory
from gilfoyle.stores.surveying import Survey
from tests.bucket import use_stores
from tests.gilfoyle.stores.moves import MOVED, begin
from tests.gilfoyle.stores.stored import make_stored
from videos import layout
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def guarded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let folders be guarded as they are outside of tests, by a process that has just begun."""
    monkeypatch.setattr(stores, "_proven", {})
    monkeypatch.setattr(store_marks._Guard, "require", staticmethod(require_root))


def unmount(media: Path) -> Path:
    """Leave of a store what is left where its disk was not mounted; returns where the disk is."""
    disk = media.rename(media.with_name("the-disk"))
    media.mkdir()
    stores._proven.clear()  # the machine was started again
    return disk


def new_source(video: Video) -> str:
    return layout.source_name(video.project_id, video.pk, "upl_later")


def test_a_disk_that_is_not_mounted_takes_nothing_and_starts_nothing(media_dir: Path) -> None:
    video = make_stored()
    require_ours()
    disk = unmount(media_dir)
    for refused in (require_ours, lambda: storage.save_bytes(new_source(video), b"a new film")):
        with pytest.raises(StoreNotOurs, match=f"The folder {media_dir} is not the media store") as caught:
            refused()
        assert "Is its disk mounted" in caught.value.hint
    assert list(media_dir.iterdir()) == [], "what were stored here the next mount would hide"
    media_dir.rmdir()
    with pytest.raises(StoreNotOurs):  # nor is the folder made
        require_ours()
    disk.rename(media_dir)
    require_ours()
    storage.save_bytes(new_source(video), b"a new film")


@pytest.mark.django_db(transaction=True)  # a thread of its own looks at the store for /healthz/ready
def test_one_that_goes_while_all_is_at_work_takes_nothing_more(media_dir: Path) -> None:
    video = make_stored()
    require_ours()
    media_dir.rename(media_dir.with_name("the-disk"))
    with pytest.raises(StoreNotOurs):
        storage.save_bytes(new_source(video), b"a new film")
    assert not works("storage", storage.require_usable)


def test_a_folder_that_is_a_link_to_another_disk_has_a_mark_of_its_own(media_dir: Path) -> None:
    video = make_stored()
    other = media_dir.with_name("other")
    (media_dir / "sources").rename(other)
    (media_dir / "sources").symlink_to(other)
    require_ours()
    assert read_mark(other)
    disk = unmount(other)
    with pytest.raises(StoreNotOurs, match=f"The folder {media_dir}/sources is not"):
        require_ours()
    with pytest.raises(StoreNotOurs):
        storage.save_bytes(layout.source_name("another-project", "vid_x", "upl_x"), b"a new film")
    other.rmdir()
    disk.rename(other)
    require_ours()
    assert storage.exists(new_source(video).replace("upl_later", video.source_upload_id))


def test_what_was_there_before_there_were_marks_is_taken_for_ours(media_dir: Path) -> None:
    """An installation that upgrades, a restore into a new place, a copy of the store by hand without its mark."""
    make_stored()
    require_ours()
    mark = read_mark(media_dir)
    (media_dir / MARK).unlink()
    InstallationFact.objects.all().delete()
    stores._proven.clear()
    require_ours()
    assert read_mark(media_dir) not in {"", mark}


def test_machines_with_other_paths_know_the_same_store_by_its_mark(media_dir: Path, settings: Any) -> None:
    make_stored()
    require_ours()
    mark, elsewhere = read_mark(media_dir), media_dir.with_name("mounted-elsewhere")
    media_dir.rename(elsewhere)
    stores._proven.clear()
    place = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(elsewhere)},
    }
    settings.STORAGES = {**settings.STORAGES, "default": place, "media": place}
    require_ours()
    assert read_mark(elsewhere) == mark
    assert InstallationFact.objects.filter(name__startswith="store/").count() == 1


def test_where_nothing_is_named_anything_will_do(media_dir: Path) -> None:
    require_ours()
    assert read_mark(media_dir)


def test_a_move_begins_in_an_empty_store_and_leaves_its_mark_behind(
    media_dir: Path, tmp_path: Path, settings: Any
) -> None:
    video = make_stored()
    require_ours()
    new = {"name": "new", "path": str(tmp_path / "new")}
    move = begin(settings, new)
    require_ours()
    assert move.copy()
    assert read_mark(tmp_path / "new") not in {"", read_mark(media_dir)}
    use_stores(settings, others=[new], **{**MOVED, "also_read": ""})
    require_ours()
    unmount(tmp_path / "new")
    with pytest.raises(StoreNotOurs, match=f"{tmp_path}/new is not"):
        storage.save_bytes(new_source(video), b"a new film")


def test_the_mark_is_no_object(media_dir: Path) -> None:
    make_stored()
    require_ours()
    assert find_wrong_store() is None
    with Inventory() as inventory:
        assert [one.name for one in Survey(inventory, lambda *_: None).look()] == []
    assert [path.name for path in media_dir.iterdir() if path.is_file()] == [MARK]


def test_what_is_lost_for_good_is_gone_on_without_where_that_is_said(media_dir: Path) -> None:
    video = make_stored()
    require_ours()
    unmount(media_dir)
    with pytest.raises(Exception, match="is not the media store that the database knows"):
        call_command("adopt", "store")
    out = StringIO()
    call_command("adopt", "store", "--even-so", stdout=out)
    assert f"The folder {media_dir} is a media store of this installation's" in out.getvalue()
    require_stores()
    storage.save_bytes(new_source(video), b"a new film")
