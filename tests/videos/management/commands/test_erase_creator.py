import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from tests.videos.management.operating import OPERATOR, run
from tests.videos.privacy.making import make_creator, make_traces
from videos.audit.models import AuditEntry
from videos.catalog.models import Video

pytestmark = pytest.mark.django_db


def test_it_prints_a_receipt_by_which_it_is_verified(tmp_path: Path) -> None:
    creator = make_creator()
    video = make_traces(creator)
    argv = (creator.project.name, creator.id)
    assert json.loads(run("erase_creator", *argv, "--dry-run")[1])["is_dry_run"] is True
    assert Video.objects.filter(creator_id=creator.id).exists()
    code, printed = run("erase_creator", *argv)
    assert (code, json.loads(printed)["deleted"]) == (0, [video.pk])
    entry = AuditEntry.objects.get(verb="creator.erased")
    assert (entry.actor_kind, entry.actor_id) == ("operator", OPERATOR.id)
    receipt = tmp_path / "receipt.json"
    receipt.write_text(printed)
    code, words = run("erase_creator", *argv, "--verify", str(receipt))
    assert (code, "being removed still" in words) == (1, True)
    Video.objects.all().delete()
    code, words = run("erase_creator", *argv, "--verify", str(receipt))
    assert (code, words.startswith("Erased:")) == (0, True)


def test_what_is_left_is_named_and_the_exit_code_says_so() -> None:
    creator = make_creator()
    video = make_traces(creator)
    Video.objects.filter(pk=video.pk).update(legal_hold=True)
    code, printed = run("erase_creator", creator.project.pk, creator.id)
    assert code == 1
    assert f"{video.pk} is under a legal hold and stays." in printed


def test_what_is_wrong_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no such project"):
        run("erase_creator", "Nowhere", "user-17")
    creator = make_creator()
    for text in ("{", "[]"):
        (tmp_path / "r.json").write_text(text)
        with pytest.raises(CommandError, match="receipt"):
            run("erase_creator", creator.project.pk, "user-17", "--verify", str(tmp_path / "r.json"))
