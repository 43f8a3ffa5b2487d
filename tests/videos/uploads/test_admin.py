from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.storage import StorageFault
from tests.admin_pages import HOSTILE, button, is_escaped, list_of, page, shown_messages, staff
from tests.factories import Account, make_account, make_project, make_video
from tests.videos.uploads.test_resumable import append, create, files
from videos.catalog.sources import remove_spare_sources
from videos.uploads.admin import ENDED_WORDS, stop_upload
from videos.uploads.models import Upload
from videos.uploads.permits import permit_of_key

pytestmark = pytest.mark.django_db
LIST = "videos_upload"


def make_upload(**fields: Any) -> Upload:
    given = {"length_bytes": 200, "offset_bytes": 50, "lease_expires_at": timezone.now() + timedelta(hours=1)}
    if "video" not in fields and "project" not in fields:
        fields["video"] = make_video(status="uploading", title="Holiday")
    return Upload.objects.create(**{**given, **fields})


def test_the_list_tells_who_how_how_far_and_why_not(admin_client: Client, account: Account) -> None:
    make_upload(api_key=account.key, way="put")
    make_upload(way="command", status="finished", offset_bytes=200)
    make_upload(project=make_project("Parts"), kind="partial")
    for code in ENDED_WORDS:
        make_upload(status="aborted", ended_code=code)
    html = admin_client.get(list_of(LIST)).content.decode()
    for words in ("Holiday", "25 %", "tests", "PUT", "Command line", "A part of a file", "Parts"):
        assert words in html, words
    assert all(words in html for words in ENDED_WORDS.values())


def test_the_list_is_filtered_and_searched(admin_client: Client) -> None:
    stopped = make_upload(status="aborted", ended_code="no_space", way="put")
    going = make_upload(way="import")
    for query, shown, hidden in (
        ("status__exact=aborted", stopped, going),
        ("way__exact=import", going, stopped),
        (f"video__project__id__exact={going.video.project_id}", going, stopped),  # type: ignore[union-attr]  # it has one
        ("q=no_space", stopped, going),
        (f"q={going.pk}", going, stopped),
    ):
        html = admin_client.get(f"{list_of(LIST)}?{query}").content.decode()
        assert shown.pk in html, query
        assert hidden.pk not in html, query


def test_many_rows_take_few_queries_by_an_index(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    video = make_video()
    for _ in range(60):
        make_upload(video=video)
    with django_assert_max_num_queries(9) as captured:
        admin_client.get(list_of(LIST))
    (listed,) = [one["sql"] for one in captured if "LEFT OUTER JOIN" in one["sql"] and "LIMIT" in one["sql"]]
    assert '"metadata"' not in listed.partition(" FROM ")[0].replace('"videos_video"."metadata"', "")
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN QUERY PLAN {listed}")
            plan = " ".join(str(row) for row in cursor.fetchall())
        assert "upload_newest" in plan


def test_an_upload_is_stopped_and_what_had_arrived_is_removed(
    admin_client: Client, account: Account, media_dir: Path
) -> None:
    upload = create(permit_of_key(account.key, settings.GILFOYLE), 6)
    append(permit_of_key(account.key, settings.GILFOYLE), upload, b"abc")
    response = admin_client.post(button(LIST, upload.pk, "stop"), follow=True)
    assert shown_messages(response) == ["The upload was stopped, and what had arrived is removed."]
    upload.refresh_from_db()
    assert (upload.status, upload.ended_code, files(media_dir)) == ("aborted", "stopped", [])
    assert button(LIST, upload.pk, "stop") not in response.content.decode()
    response = admin_client.post(button(LIST, upload.pk, "stop"), follow=True)
    assert shown_messages(response) == ["This upload has ended already, or belongs to an import."]


def test_an_upload_is_stopped_while_the_store_is_away(
    admin_client: Client, account: Account, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    permit = permit_of_key(account.key, settings.GILFOYLE)
    upload = create(permit, 6)
    append(permit, upload, b"abc")

    def fail(_name: str) -> None:
        message = "The store is away."
        raise StorageFault(message)

    with monkeypatch.context() as broken:
        broken.setattr(storage, "delete_folder", fail)
        stop_upload(Upload.objects.get())
    upload.refresh_from_db()
    assert (upload.status, upload.ended_code, len(files(media_dir))) == ("aborted", "stopped", 1)
    assert remove_spare_sources() == 2
    assert files(media_dir) == []


def test_an_import_s_upload_is_stopped_with_its_import(admin_client: Client) -> None:
    upload = make_upload(way="import")
    chosen = {"action": "stop_selected", "_selected_action": [upload.pk]}
    response = admin_client.post(list_of(LIST), chosen, follow=True)
    assert "belongs to an import" in shown_messages(response)[0]
    upload.refresh_from_db()
    assert upload.status == "receiving"


def test_who_may_only_look_stops_nothing() -> None:
    upload = make_upload()
    client = staff("view_upload")
    assert client.get(page(LIST, upload.pk)).status_code == 200
    assert client.post(button(LIST, upload.pk, "stop")).status_code == 403
    assert staff("view_video").get(list_of(LIST)).status_code == 403


def test_strangers_words_are_no_markup(admin_client: Client) -> None:
    account = make_account()
    account.key.label = HOSTILE
    account.key.save()
    upload = make_upload(
        video=make_video(make_project(HOSTILE), title=HOSTILE),
        api_key=account.key,
        status="aborted",
        ended_code=HOSTILE[:64],
        metadata=HOSTILE,
    )
    for address in (list_of(LIST), page(LIST, upload.pk)):
        assert is_escaped(admin_client.get(address).content.decode())


def test_a_stop_that_comes_too_late_is_refused() -> None:
    upload = make_upload(status="finished")
    with pytest.raises(Exception, match="has ended already"):
        stop_upload(upload)
