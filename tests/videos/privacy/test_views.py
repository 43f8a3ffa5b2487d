import io
import json
import zipfile
from typing import Any
from urllib.parse import quote

import pytest

from tests.factories import make_account, make_project
from tests.videos.moderation.making import REVIEWER, make_case, make_playing, make_report
from tests.videos.privacy.making import make_creator, make_traces
from videos.access import once
from videos.access.idempotency import Claim
from videos.audit.models import AuditEntry
from videos.catalog.models import Video
from videos.moderation.merging import merge_cases
from videos.moderation.models import Report
from videos.privacy.creators import Creator
from videos.privacy.proving import prove
from videos.privacy.traces import find_traces

pytestmark = pytest.mark.django_db


def address(creator_id: str, what: str) -> str:
    return f"/api/v1/creators/{quote(creator_id, safe='')}/{what}"


def test_a_creator_is_erased_once_it_is_confirmed_and_the_receipt_proves_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    renewed: list[Claim] = []
    monkeypatch.setattr(once, "renew_claim", lambda *, claim: renewed.append(claim))
    account = make_account()
    creator = Creator(account.project, "shop/user 17")
    video = make_traces(creator)
    named = make_playing(account.project, title=f"With {creator.id}")
    namesake = make_playing(make_project(), creator_id=creator.id)
    post = account.client().post
    for body in ({}, {"confirm": "user 17"}, {"confirm": f"{creator.id} "}, {"confirmed": creator.id}):
        refused = post(address(creator.id, "erase"), body, format="json")
        assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
    tried = post(address(creator.id, "erase"), {"dry_run": True}, format="json").json()
    assert (tried["deleted"], tried["entry"], tried["is_dry_run"]) == ([video.pk], 0, True)
    video.refresh_from_db()
    assert video.status == "ready"
    sent: dict[str, Any] = {
        "data": {"confirm": creator.id},
        "format": "json",
        "HTTP_IDEMPOTENCY_KEY": "erase-17",
    }
    done = post(address(creator.id, "erase"), **sent)
    assert done.status_code == 200
    # The key is held from step to step: the words of a project (reports, notes, appeals), each video, four steps, what
    # the audit has, and the receipt.
    assert len(renewed) == 3 + 1 + 4 + 1 + 1
    told = done.json()
    assert (told["deleted"], told["held"], told["counts"]) == ([video.pk], [], tried["counts"])
    assert told["named_in"] == [{"table": "videos.Video", "column": "title", "id": named.pk}]
    assert creator.id not in json.dumps(told)
    again = post(address(creator.id, "erase"), **sent)
    assert (again["Idempotent-Replayed"], again.json()) == ("true", told)
    entry = AuditEntry.objects.get(verb="creator.erased")
    assert (entry.pk, entry.actor_kind, entry.actor_id) == (told["entry"], "api_key", account.key.pk)
    assert prove(creator, told).is_recorded
    Video.objects.filter(pk=named.pk).delete()
    assert find_traces(creator) == []
    namesake.refresh_from_db()
    assert (namesake.status, namesake.creator_id) == ("ready", creator.id)


@pytest.mark.parametrize("is_merged", [False, True])
def test_what_is_severe_and_undecided_is_not_erased_by_the_consumer(is_merged: bool) -> None:
    account = make_account()
    report = make_report(make_playing(account.project, creator_id="user-17"), "minor_safety", comment="Look!")
    if is_merged:
        into = make_case(make_playing(account.project), "spam")
        merge_cases(case_id=str(report.case_id), into_id=into.pk, by=REVIEWER)
    sent = {"confirm": "user-17"}
    refused = account.client().post(address("user-17", "erase"), sent, format="json")
    assert (refused.status_code, refused.json()["code"]) == (409, "creator_under_review")
    report.refresh_from_db()
    assert report.sealed_text


def test_words_of_others_are_emptied_for_whom_something_is_known_alone_and_never_what_is_severe() -> None:
    account = make_account()
    names = ("comment", "evidence", "Illegal", "user-17")
    severe = make_report(
        make_playing(account.project), "csam", comment="Illegal, by user-17", reporter="user-18"
    )
    mild = make_report(make_playing(account.project), "hate", comment="Illegal, by user-17", evidence=("x",))

    def erase(name: str) -> Any:
        return account.client().post(address(name, "erase"), {"confirm": name}, format="json").json()

    assert [erase(name)["counts"] for name in names] == [{}] * 4
    assert not Report.objects.filter(sealed_text=b"").exists()
    make_playing(account.project, creator_id="user-17")
    assert erase("user-17")["counts"] == {"videos": 1}  # how often others name somebody is not told
    assert AuditEntry.objects.latest("pk").data["mentions"] == 1
    assert list(Report.objects.exclude(sealed_text=b"")) == [severe]
    assert Report.objects.get(sealed_text=b"") == mild
    # Nor what the person wrote, until it is decided.
    assert erase("user-18")["counts"] == {"kept_for_review": 1}
    assert Report.objects.get(pk=severe.pk).reporter


@pytest.mark.parametrize("accept", ["*/*", "application/zip", "application/json"])
def test_an_export_is_a_zip_of_the_projects_own_rows(accept: str) -> None:
    account = make_account()
    video = make_playing(account.project, creator_id="user-17")
    make_playing(make_project(), creator_id="user-17", title="Another's")
    answer: Any = account.client().get(address("user-17", "export"), HTTP_ACCEPT=accept)
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/zip")
    assert "user-17" not in answer["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as archive:
        rows = json.loads(archive.read("Video.json"))
        manifest = json.loads(archive.read("manifest.json"))
    assert [row["id"] for row in rows] == [video.pk]
    assert manifest["creator_id"] == "user-17"
    entry = AuditEntry.objects.get(verb="creator.exported")
    creator = make_creator("user-17", account.project)
    assert (entry.object_id, entry.data["with_files"]) == (creator.pseudonym, False)


def test_each_takes_its_scope_and_an_id_that_can_be() -> None:
    reader, writer = (make_account(scopes=[f"creators:{way}"]).client() for way in ("read", "write"))
    sent = {"confirm": "user-17"}
    assert reader.post(address("user-17", "erase"), sent, format="json").status_code == 403
    assert writer.get(address("user-17", "export")).status_code == 403
    for creator_id in ("x" * 256, "a\0b"):
        refused = reader.get(address(creator_id, "export"), HTTP_ACCEPT="application/zip")
        assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")
