from __future__ import annotations

import pytest
from django.utils import timezone

from tests.videos.fingerprints.bans import make_ban, make_list, make_uploaded
from tests.videos.fingerprints.pictures import scene
from videos.audit.models import AuditEntry
from videos.errors import HashListNotFound
from videos.fingerprints import lists
from videos.fingerprints.hashing import hash_ban, hash_upload
from videos.fingerprints.list_files import Entry
from videos.fingerprints.models import BlockedFingerprint, FingerprintMatch
from videos.fingerprints.recognising import forget_bank, present_bank
from videos.fingerprints.selectors import bank_version

pytestmark = pytest.mark.django_db


def pictures(seed: int, reference: str) -> list[Entry]:
    hashes, moments = hash_ban(scene(seed, 12))
    return [
        Entry("dct256", one.tobytes().hex(), reference, round(int(moment) / 8, 3))
        for one, moment in zip(hashes, moments, strict=True)
    ]


def test_files_come_in_parts_and_are_there_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "BATCH", 3)
    seen: list[int] = []
    entries = [Entry("sha256", f"{number:064x}", f"film {number}") for number in (1, 2, 3, 4, 4)]
    counts = lists.import_entries(hash_list=make_list(), entries=entries, on_progress=seen.append)
    assert (counts, seen, bank_version()) == ({"sha256": 4}, [3, 2], 2)
    ban = BlockedFingerprint.objects.get(digest=f"{1:064x}")
    ban.revoked_at = ban.created_at
    ban.save()
    lists.import_entries(hash_list=make_list(), entries=entries[:1])
    ban = BlockedFingerprint.objects.get(pk=ban.pk)
    assert (ban.revoked_at, ban.version, BlockedFingerprint.objects.count()) == (None, 3, 4)


def test_what_came_in_before_an_import_broke_off_is_in_the_audit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "BATCH", 2)
    pictures = [Entry("dct256", f"{number:064x}", f"film {number}") for number in (1, 2, 3, 4, 5)]
    entries = [*pictures, *(Entry("sha256", f"{number:064x}") for number in (1, 2, 3))]
    done: list[int] = []

    def break_off(count: int) -> None:
        done.append(count)
        if len(done) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lists.import_entries(hash_list=make_list(), entries=entries, on_progress=break_off)
    told = [entry.data["bans"] for entry in AuditEntry.objects.filter(verb="hash_list.filled").order_by("id")]
    assert told == [{"sha256": 2}, {"sha256": 1}, {"dct256": 2}, {"dct256": 2}]
    assert BlockedFingerprint.objects.count() == 7


def test_pictures_of_a_reference_are_one_ban_and_are_recognised() -> None:
    forget_bank()
    entries = [*pictures(1, "film 1"), *pictures(2, "film 2")]
    assert lists.import_entries(hash_list=make_list(), entries=entries) == {"dct256": 2}
    (found,) = present_bank().recognise(hash_upload(scene(2, 12)[:, :, ::-1]))
    assert BlockedFingerprint.objects.get(pk=found.ban_id).reference == "film 2"
    given = list(lists.export_entries(hash_list=make_list(), kinds=["dct256"]))
    assert sorted((one.reference, one.digest) for one in given) == sorted(
        (one.reference, one.digest) for one in entries
    )
    lists.import_entries(hash_list=make_list("copy"), entries=given)
    assert {ban.hash_count for ban in make_list("copy").bans.all()} == {
        ban.hash_count for ban in make_list().bans.all()
    }


def test_switching_is_news_once() -> None:
    make_list()
    before = bank_version()
    assert lists.switch_list(name="known", enabled=False)
    assert not lists.switch_list(name="known", enabled=False)
    assert bank_version() == before + 1
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["hash_list.disabled"]
    with pytest.raises(HashListNotFound, match="nothing"):
        lists.switch_list(name="nothing", enabled=True)


def test_a_summary_counts_what_is_held_and_found() -> None:
    hash_list = lists.ensure_list(name="known", action="flag")
    assert lists.ensure_list(name="known", action="hold").action == "flag"
    lists.import_entries(hash_list=hash_list, entries=[Entry("sha256", make_uploaded().source_sha256)])
    again = make_uploaded()
    (summary,) = lists.summarise_lists()
    assert (summary.bans, summary.matches) == ({"sha256": 1}, {"pending": 1})
    assert FingerprintMatch.objects.get().video_id == again.pk
    make_ban("f" * 32, kind="md5", hash_list=hash_list, project_id="prj_x", unreadable_at=timezone.now())
    held = lists.count_held([hash_list, other := make_list("empty")])
    assert (held[hash_list.pk].entries, held[hash_list.pk].in_project, held[hash_list.pk].unreadable) == (
        2,
        1,
        1,
    )
    assert (held[other.pk].entries, lists.count_found([other])) == (0, {other.pk: {}})
