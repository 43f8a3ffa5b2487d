from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from gilfoyle.lib import storage
from gilfoyle.lib.storage import StorageFault
from tests.admin_pages import HOSTILE, button, client_of, is_escaped, list_of, page, shown_messages, staff
from tests.factories import Account, make_project, make_video
from tests.videos.uploads.test_resumable import append, create, files
from videos.access.services import suspend_project
from videos.catalog.sources import remove_spare_sources
from videos.uploads.granting import GrantWish, create_grant, revoke_grant
from videos.uploads.grants import PATTERN
from videos.uploads.models import Upload, UploadGrant
from videos.uploads.permits import permit_of_grant

pytestmark = pytest.mark.django_db
LIST = "videos_uploadgrant"
ADD = "admin:videos_uploadgrant_add"
SECRET = re.compile(PATTERN)


def give(account: Account, **wish: Any) -> UploadGrant:
    return create_grant(key=account.key, wish=GrantWish(**wish), config=settings.GILFOYLE)


def arrived(grant: UploadGrant, **fields: Any) -> Upload:
    given = {"length_bytes": 200, "offset_bytes": 50, "kind": "resumable", "lease_expires_at": timezone.now()}
    return Upload.objects.create(grant=grant, video=grant.video, **{**given, **fields})


def each_state(account: Account) -> dict[str, UploadGrant]:
    grants = {name: give(account) for name in ("waiting", "receiving", "finished", "expired", "revoked")}
    arrived(grants["receiving"])
    arrived(grants["finished"], status="finished", offset_bytes=200)
    arrived(grants["waiting"], status="aborted")
    arrived(grants["waiting"], status="finished", kind="partial")  # a part of a file is none
    UploadGrant.objects.filter(pk=grants["expired"].pk).update(expires_at=timezone.now())
    UploadGrant.objects.filter(pk=grants["revoked"].pk).update(revoked_at=timezone.now())
    return grants


def form(**given: Any) -> dict[str, Any]:
    return {"project": make_project().pk, "title": "T", "lifetime_s": 3600, **given}


def test_the_list_tells_the_state_of_each_and_filters_by_it(admin_client: Client, account: Account) -> None:
    grants = each_state(account)
    html = admin_client.get(list_of(LIST)).content.decode()
    assert all(name.capitalize() in html for name in grants)
    assert "25 %" in html
    assert not SECRET.search(html)
    for name in grants:
        html = admin_client.get(f"{list_of(LIST)}?state={name}").content.decode()
        assert [one for one, grant in grants.items() if grant.pk in html] == [name]
    UploadGrant.objects.filter(pk=grants["finished"].pk).update(arrived_at=timezone.now())
    html = admin_client.get(f"{list_of(LIST)}?state=finished").content.decode()
    assert grants["finished"].pk in html, "whether it is noted or not"
    assert "25 %" in admin_client.get(f"{list_of(LIST)}?state=nonsense").content.decode()


def test_what_went_straight_to_the_bucket_has_arrived_too(admin_client: Client, account: Account) -> None:
    arrived(give(account), status="finished", kind="direct", offset_bytes=200)
    for address in (list_of(LIST), f"{list_of(LIST)}?state=finished"):
        assert "Finished</span>" in admin_client.get(address).content.decode()


def test_many_rows_take_few_queries(
    admin_client: Client, account: Account, django_assert_max_num_queries: Any
) -> None:
    for _ in range(60):
        arrived(give(account))
    with django_assert_max_num_queries(9):
        admin_client.get(list_of(LIST))


if connection.vendor == "sqlite":  # PostgreSQL plans by what the tables hold, which in a test is nothing

    @pytest.mark.parametrize("state", ["finished", "receiving", "waiting", "expired", "revoked"])
    def test_each_state_is_looked_up_by_an_index_of_its_address(admin_client: Client, state: str) -> None:
        with CaptureQueriesContext(connection) as captured:
            admin_client.get(f"{list_of(LIST)}?state={state}")
        asked = [one["sql"] for one in captured if "EXISTS" in one["sql"]]
        assert asked
        for sql in asked:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
                plan = " ".join(str(row) for row in cursor.fetchall())
            assert "upload_status_newest" not in plan
            assert "upload_of_grant" in plan


def test_an_address_is_made_for_somebody_else_and_copied(admin_client: Client) -> None:
    given = form(max_size_mb=5, origins="https://WWW.example.org/\n*", lifetime_s=24 * 3600)
    response = admin_client.post(reverse(ADD), given, follow=True)
    grant = UploadGrant.objects.get()
    assert (grant.api_key, grant.given_by) == (None, User.objects.get())
    assert (grant.max_size_bytes, grant.allowed_origins) == (5 * 1024**2, ["https://www.example.org", "*"])
    assert timedelta(hours=23) < grant.expires_at - timezone.now() <= timedelta(hours=24)
    assert (grant.video.title, grant.video.project_id) == ("T", given["project"])
    html = response.content.decode()
    assert f"{settings.GILFOYLE.public_url}/upload/{grant.pk}." in html
    assert f"{settings.GILFOYLE.public_url}/api/v1/uploads/tus/{grant.pk}." in html
    assert f'data-upload="/upload/{grant.pk}.' in html
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"origins": "https://a.example/path"}, "is no origin such as"),
        ({"origins": HOSTILE}, "is no origin such as"),
        ({"origins": " ".join(f"https://a{n}.example" for n in range(33))}, "At most 32."),
        ({"lifetime_s": 10**9}, "Select a valid choice"),
        ({"max_size_mb": 0}, "greater than or equal to 1"),
        ({"project": ""}, "This field is required"),
    ],
)
def test_a_wrong_wish_is_told_where_it_stands(
    admin_client: Client, wrong: dict[str, Any], words: str
) -> None:
    html = admin_client.post(reverse(ADD), form(**wrong)).content.decode()
    assert words in html
    assert "<script>alert(" not in html
    assert not UploadGrant.objects.exists()


def test_a_file_is_uploaded_from_a_video_s_and_from_a_project_s_page(admin_client: Client) -> None:
    video = make_video()
    assert (
        button("videos_video", video.pk, "upload")
        in admin_client.get(page("videos_video", video.pk)).content.decode()
    )
    response = admin_client.post(button("videos_video", video.pk, "upload"))
    grant = UploadGrant.objects.get()
    assert (response.status_code, response["Location"]) == (302, page(LIST, grant.pk))
    assert (grant.video, grant.given_by) == (video, User.objects.get())
    assert grant.expires_at <= timezone.now() + timedelta(hours=12)
    response = admin_client.post(button("videos_project", video.project_id, "upload"), follow=True)
    made = UploadGrant.objects.exclude(pk=grant.pk).get()
    assert (made.video.project, made.video == video) == (video.project, False)
    told = "Upload the file below, or hand the address on: it holds for 12 hours."
    assert shown_messages(response)[-1] == told


def test_what_takes_no_file_offers_none(admin_client: Client) -> None:
    ready = make_video(status="ready")
    name = button("videos_video", ready.pk, "upload")
    assert name not in admin_client.get(page("videos_video", ready.pk)).content.decode()
    response = admin_client.post(name, follow=True)
    assert shown_messages(response) == [
        "This video has a source already. Make another video for another file."
    ]
    suspend_project(project=ready.project)
    html = admin_client.get(page("videos_project", ready.project_id)).content.decode()
    assert button("videos_project", ready.project_id, "upload") not in html


def test_only_who_may_gives_sees_and_takes_back(account: Account) -> None:
    grant = give(account)
    looks, works = staff("view_uploadgrant"), staff("view_uploadgrant", "change_uploadgrant")
    html = looks.get(page(LIST, grant.pk)).content.decode()
    assert grant.pk in html
    assert not SECRET.search(html)
    assert SECRET.search(works.get(page(LIST, grant.pk)).content.decode())
    assert looks.post(button(LIST, grant.pk, "revoke")).status_code == 403
    assert works.get(reverse(ADD)).status_code == 403
    changes = staff("change_video")
    assert changes.post(button("videos_video", grant.video_id, "upload")).status_code == 403
    assert UploadGrant.objects.count() == 1


def test_a_get_or_a_forged_form_makes_no_address() -> None:
    user = User.objects.create_superuser("root")
    video = make_video()
    address = button("videos_video", video.pk, "upload")
    assert client_of(user).get(address).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    assert strict.post(address).status_code == 403
    assert not UploadGrant.objects.exists()


def test_an_address_is_taken_back(admin_client: Client, account: Account) -> None:
    grant, others = give(account), [give(account), give(account)]
    response = admin_client.post(button(LIST, grant.pk, "revoke"), follow=True)
    html = response.content.decode()
    assert "taken back" in shown_messages(response)[0]
    assert not SECRET.search(html)
    assert button(LIST, grant.pk, "revoke") not in html
    chosen = {"action": "revoke_selected", "_selected_action": [one.pk for one in others]}
    admin_client.post(list_of(LIST), chosen)
    assert not UploadGrant.objects.filter(revoked_at=None).exists()


def test_addresses_are_taken_back_while_the_store_is_away(
    admin_client: Client, account: Account, media_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [give(account) for _ in range(3)]
    for grant in given:
        permit = permit_of_grant(grant, settings.GILFOYLE)
        append(permit, create(permit, 6), b"abc")
    order: list[int] = []

    def fail(_name: str) -> None:
        order.append(UploadGrant.objects.filter(revoked_at=None).count())
        message = "The store is away."
        raise StorageFault(message)

    with monkeypatch.context() as broken:
        broken.setattr(storage, "delete_folder", fail)
        chosen = {"action": "revoke_selected", "_selected_action": [one.pk for one in given]}
        response = admin_client.post(list_of(LIST), chosen, follow=True)
        remove_spare_sources()
    assert shown_messages(response) == ["3 upload addresses taken back."]
    assert LogEntry.objects.filter(change_message__contains="Taken back").count() == 3
    assert order[:3] == [0, 0, 0]  # all were revoked before the store was asked for the first
    assert set(Upload.objects.values_list("status", "ended_code")) == {("aborted", "revoked")}
    assert len(files(media_dir)) == 3
    assert remove_spare_sources() == 3
    assert files(media_dir) == []


def test_an_administrator_s_address_is_dead_once_the_permission_is_gone(client: Client) -> None:
    user = User.objects.create_user("giver", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["add_uploadgrant", "change_video", "change_uploadgrant"])
    )
    logged_in = client_of(user)
    response = logged_in.post(button("videos_video", make_video().pk, "upload"), follow=True)
    found = re.search(r'data-upload="([^"]+)"', response.content.decode())
    assert found is not None
    assert client.get(found[1]).status_code == 200
    user.user_permissions.clear()
    assert client.get(found[1]).status_code == 403


def test_strangers_words_are_no_markup(admin_client: Client, account: Account) -> None:
    grant = give(account, video={"title": HOSTILE})
    account.key.label = HOSTILE
    account.key.save()
    UploadGrant.objects.update(allowed_origins=[HOSTILE], containers=[HOSTILE], max_duration_s=5)
    for address in (list_of(LIST), page(LIST, grant.pk)):
        assert is_escaped(admin_client.get(address).content.decode())
    revoke_grant(grant=grant)
