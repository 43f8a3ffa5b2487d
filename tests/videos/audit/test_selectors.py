from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from tests.videos.audit.chains import fill, sign
from videos.audit import selectors
from videos.audit.chain import START, Entry, in_words
from videos.audit.exports import Selection
from videos.audit.models import AuditEntry
from videos.audit.selectors import Wish, find_entries, read_export, select_export
from videos.audit.signing import Mark

pytestmark = pytest.mark.django_db


def test_entries_are_found_by_what_they_are_about() -> None:
    fill(3)
    fill(1, project_id="p2")
    assert [entry.seq for entry in find_entries(Wish())] == [4, 3, 2, 1]
    assert [entry.seq for entry in find_entries(Wish(verb="case.", project_id="p1", object_id="cas_2"))] == [
        3
    ]
    assert not find_entries(Wish(actor="staff")).exists()


def test_an_export_begins_where_it_shall(tmp_path: Path) -> None:
    assert select_export() == Selection(START)
    fill(3)
    second = AuditEntry.objects.get(seq=2)
    selection = select_export(since=second.at)
    assert (selection.base.seq, selection.base.hash, selection.since) == (
        1,
        second.prev_hash,
        in_words(second.at),
    )
    later = select_export(since=timezone.now() + timedelta(days=1))
    assert later.base.seq == 3


def test_an_export_holds_entries_and_what_was_signed_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selectors, "PAGE", 2)
    fill(3)
    sign(tmp_path)
    fill(2, project_id="p2")
    sign(tmp_path)

    def numbers(selection: Selection) -> list[int]:
        return [one.seq if isinstance(one, Entry) else -one.link.seq for one in read_export(selection)]

    assert numbers(select_export()) == [1, 2, 3, -3, 4, 5, -5]
    assert numbers(select_export(project_id="p2")) == [4, 5]
    assert any(isinstance(one, Mark) for one in read_export(select_export()))
