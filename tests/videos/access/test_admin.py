import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.admin_pages import button, list_of, page, shown_messages, staff
from tests.factories import make_api_key, make_project, make_video
from videos.access.forms import SCOPE_WORDS
from videos.access.keys import SCOPES, is_match
from videos.access.models import ApiKey, Project
from videos.access.services import note_use, revoke_api_key

pytestmark = pytest.mark.django_db


def key_form(project: Project, **given: Any) -> dict[str, Any]:
    return {"project": project.pk, "label": "Shop", "scopes": list(SCOPES), **given}


def test_every_scope_is_explained() -> None:
    assert set(SCOPE_WORDS) == set(SCOPES)


def test_a_new_key_is_shown_by_the_answer_that_makes_it_and_never_again(admin_client: Client) -> None:
    project = make_project()
    response = admin_client.post(
        reverse("admin:videos_apikey_add"), key_form(project, scopes=["videos:read", "uploads:write"])
    )
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    key = ApiKey.objects.get()
    texts = set(re.findall(r"gfk_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}", response.content.decode()))
    assert len(texts) == 1
    (text,) = texts
    assert is_match(text, key.digest)
    assert (key.project, key.label, key.scopes) == (project, "Shop", ["uploads:write", "videos:read"])
    for address in (
        page("videos_apikey", key.pk),
        page("videos_apikey", key.pk, "history"),
        list_of("videos_apikey"),
        reverse("admin:index"),
    ):
        html = admin_client.get(address).content.decode()
        assert text not in html
        assert key.digest not in html
    assert text not in str(dict(admin_client.session))


def test_a_key_needs_a_scope_and_a_future_is_kept(admin_client: Client) -> None:
    project = make_project()
    refused = admin_client.post(reverse("admin:videos_apikey_add"), key_form(project, scopes=[]))
    assert "This field is required." in refused.content.decode()
    refused = admin_client.post(reverse("admin:videos_apikey_add"), key_form(project, scopes=["everything"]))
    assert ApiKey.objects.count() == 0
    admin_client.post(
        reverse("admin:videos_apikey_add"),
        key_form(project, expires_at_0="2031-02-03", expires_at_1="04:05:06"),
    )
    assert ApiKey.objects.get().expires_at == datetime(2031, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_the_only_project_is_chosen_already(admin_client: Client) -> None:
    project = make_project()
    chosen = f'value="{project.pk}" selected'
    assert chosen in admin_client.get(reverse("admin:videos_apikey_add")).content.decode()
    make_project()
    assert chosen not in admin_client.get(reverse("admin:videos_apikey_add")).content.decode()


def test_keys_are_listed_with_what_they_may(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    project = make_project("Shop")
    used, _text = make_api_key(project, label="Used", scopes=["videos:read"])
    note_use(used)
    revoked, _text = make_api_key(project, label="Gone")
    revoke_api_key(key=revoked)
    make_api_key(project, label="Old", expires_at=timezone.now() - timedelta(days=1))
    with django_assert_max_num_queries(8):
        html = admin_client.get(list_of("videos_apikey")).content.decode()
    for words in ("Used", f"gfk_{used.prefix}_", "videos:read", f"{timezone.now():%Y-%m-%d}", "Never"):
        assert words in html, words
    for state in ("Active", "Revoked", "Expired"):
        assert f">{state}</span>" in html
    filtered = admin_client.get(list_of("videos_apikey"), {"project": make_project().pk}).content.decode()
    assert "Used" not in filtered


def test_revoking_ends_a_key_for_ever(admin_client: Client) -> None:
    one, two = (make_api_key(label=label)[0] for label in ("one", "two"))
    response = admin_client.post(button("videos_apikey", one.pk, "revoke"), follow=True)
    assert "is revoked" in shown_messages(response)[0]
    assert "Revoke" not in response.content.decode().partition("<form")[0]
    admin_client.post(list_of("videos_apikey"), {"action": "revoke_selected", "_selected_action": two.pk})
    for key in (one, two):
        key.refresh_from_db()
        assert key.revoked_at is not None
    assert f"{button('videos_apikey', one.pk, 'revoke')}" not in response.content.decode()


def test_projects_tell_what_they_hold(admin_client: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        project = make_project(f"Tenant {number}")
        make_video(project, stored_bytes=1024**2)
        make_video(project, stored_bytes=2 * 1024**2)
        make_api_key(project)
        revoke_api_key(key=make_api_key(project)[0])
    with django_assert_max_num_queries(8):
        html = admin_client.get(list_of("videos_project")).content.decode()
    assert html.count("3.0\xa0MB") == 5
    assert html.count(">2</a>") == 5
    assert html.count(">1</a>") == 5


def test_a_project_is_made_by_the_service(admin_client: Client) -> None:
    response = admin_client.post(reverse("admin:videos_project_add"), {"name": "  New one "}, follow=True)
    project = Project.objects.get()
    assert project.name == "New one"
    assert response.status_code == 200
    again = admin_client.post(reverse("admin:videos_project_add"), {"name": "New one"}, follow=True)
    assert again.status_code == 200
    assert Project.objects.count() == 1
    # A name that only the service finds taken.
    spaced = admin_client.post(reverse("admin:videos_project_add"), {"name": "   "}, follow=True)
    assert spaced.status_code == 200
    assert Project.objects.count() == 1


def test_suspending_and_resuming(admin_client: Client) -> None:
    project, other = make_project("One"), make_project("Two")
    response = admin_client.post(button("videos_project", project.pk, "suspend"), follow=True)
    assert "One is suspended" in shown_messages(response)[0]
    project.refresh_from_db()
    assert project.is_suspended
    assert ">Suspended</span>" in admin_client.get(list_of("videos_project")).content.decode()
    admin_client.post(button("videos_project", project.pk, "resume"))
    project.refresh_from_db()
    assert not project.is_suspended
    many = {"action": "suspend_selected", "_selected_action": [project.pk, other.pk]}
    admin_client.post(list_of("videos_project"), many)
    assert all(one.is_suspended for one in Project.objects.all())
    admin_client.post(list_of("videos_project"), {**many, "action": "resume_selected"})
    assert not any(one.is_suspended for one in Project.objects.all())


def test_actions_need_the_permission() -> None:
    project = make_project()
    looker = staff("view_project")
    assert looker.get(list_of("videos_project")).status_code == 200
    assert looker.post(button("videos_project", project.pk, "suspend")).status_code == 403
    looker.post(list_of("videos_project"), {"action": "suspend_selected", "_selected_action": project.pk})
    project.refresh_from_db()
    assert not project.is_suspended
    assert looker.get(reverse("admin:videos_project_add")).status_code == 403


def test_limits_are_changed_on_the_projects_page_beside_its_use(admin_client: Client) -> None:
    project = make_project("Shop")
    make_video(project, stored_bytes=8 * 10**9)
    address = page("videos_project", project.pk)
    given = {"max_stored_bytes": "10 GB", "max_uploads_at_once": "0", "max_encodes_at_once": "2"}
    assert admin_client.post(address, given).status_code == 302
    project.refresh_from_db()
    assert (project.max_stored_bytes, project.max_uploads_at_once, project.max_encodes_at_once) == (
        10**10,
        0,
        2,
    )
    assert project.max_requests_a_minute is None
    assert project.name == "Shop"
    html = admin_client.get(address).content.decode()
    assert "8.0 GB</strong>" in html
    assert " of 10 GB" in html
    assert "Stored: 80 % used" in html
    wrong = admin_client.post(address, {"max_stored_bytes": "much"}).content.decode()
    assert "number of bytes" in wrong
    assert admin_client.post(address, {}).status_code == 302
    project.refresh_from_db()
    assert project.max_stored_bytes is None


def test_whether_segments_are_encrypted_is_chosen_on_the_projects_page(
    admin_client: Client, settings: Any
) -> None:
    project = make_project("Shop")
    address = page("videos_project", project.pk)
    assert "As the settings say (in the clear)" in admin_client.get(address).content.decode()
    for chosen in ("on", "off", ""):
        assert admin_client.post(address, {"encryption": chosen}).status_code == 302
        project.refresh_from_db()
        assert project.encryption == chosen
    assert "Select a valid choice" in admin_client.post(address, {"encryption": "yes"}).content.decode()
    public = settings.GILFOYLE.storage.model_copy(update={"is_public": True})
    settings.GILFOYLE = settings.GILFOYLE.model_copy(update={"storage": public})
    assert "whatever is chosen here" in admin_client.get(address).content.decode()


def test_limits_are_changed_on_a_keys_page(admin_client: Client) -> None:
    key, _ = make_api_key(scopes=["videos:read"])
    address = page("videos_apikey", key.pk)
    assert (
        admin_client.post(address, {"max_requests_a_minute": "60", "scopes": list(SCOPES)}).status_code == 302
    )
    key.refresh_from_db()
    assert (key.max_requests_a_minute, key.max_stored_bytes, key.scopes) == (60, None, ["videos:read"])


def test_who_may_only_look_changes_no_limit() -> None:
    project, (key, _) = make_project(), make_api_key()
    looker = staff("view_project", "view_apikey")
    for model, row in (("videos_project", project), ("videos_apikey", key)):
        shown = looker.get(page(model, row.pk))
        assert shown.status_code == 200
        assert 'name="max_stored_bytes"' not in shown.content.decode()
        assert looker.post(page(model, row.pk), {"max_stored_bytes": "5"}).status_code == 403
        row.refresh_from_db()
        assert row.max_stored_bytes is None
