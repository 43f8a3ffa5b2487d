from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from tests.admin_pages import HOSTILE, is_escaped, list_of, make_ready_video, page, staff
from tests.factories import make_api_key
from tests.videos.audit.chains import fill, verify_and_keep
from videos.audit.models import AuditCheck, AuditEntry
from videos.audit.services import record

pytestmark = pytest.mark.django_db
LIST = list_of("videos_auditentry")


def html_of(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200, address
    return response.content.decode()


def test_entries_are_listed_and_looked_at(admin_client: Client) -> None:
    fill(2)
    entry = AuditEntry.objects.get(verb="case.decided")
    html = html_of(admin_client, LIST)
    assert "case.decided" in html
    assert "number: 1" in html
    detail = html_of(admin_client, page("videos_auditentry", str(entry.pk)))
    assert entry.hash in detail
    assert entry.prev_hash in detail
    assert 'name="_save"' not in detail


def test_nothing_is_added_changed_or_deleted(admin_client: Client) -> None:
    fill(1)
    entry = AuditEntry.objects.get(verb="case.opened")
    assert admin_client.get(f"{LIST}add/").status_code == 403
    assert admin_client.post(page("videos_auditentry", str(entry.pk)), {"verb": "x.y"}).status_code == 403
    assert admin_client.post(page("videos_auditentry", str(entry.pk), "delete")).status_code == 403
    assert AuditEntry.objects.get(pk=entry.pk).verb == "case.opened"


def test_filters_find_what_they_say(admin_client: Client) -> None:
    key, _ = make_api_key()
    video = make_ready_video()
    record("video.edited", object_type="video", object_id=video.pk, project_id=video.project_id)

    def shown(query: str) -> set[str]:
        response = admin_client.get(f"{LIST}?{query}")
        assert response.status_code == 200, query
        return {entry.verb for entry in response.context["cl"].result_list}

    today = f"{timezone.now():%Y-%m-%d}"
    assert shown("subject=api_key") == {"api_key.created"}
    assert shown(f"object_id={key.pk}") == {"api_key.created"}
    assert shown(f"project_id={video.project_id}") == {"project.created", "video.edited"}
    assert shown(f"q={video.pk}") == {"video.edited"}
    assert "video.edited" not in shown("actor_kind__exact=staff")
    assert "video.edited" in shown(f"at_from={today}&at_to={today}")
    assert shown("at_to=2000-01-01") == set()
    assert "video.edited" in shown("at_from=2026-02-30&subject=nothing")


def test_the_state_of_the_chain_stands_above(admin_client: Client) -> None:
    fill(3)
    assert "was not verified yet" in html_of(admin_client, LIST)
    verify_and_keep()
    html = html_of(admin_client, LIST)
    assert "The chain is whole" in html
    AuditCheck.objects.update(findings=2, first_finding=HOSTILE)
    html = html_of(admin_client, LIST)
    assert "The chain is not whole: 2 found" in html
    assert is_escaped(html)


def test_what_entries_tell_is_never_markup(admin_client: Client) -> None:
    entry = record("case.decided", object_type="video", object_id=HOSTILE[:60], data={HOSTILE: HOSTILE})
    for address in (LIST, page("videos_auditentry", str(entry.pk))):
        assert is_escaped(html_of(admin_client, address))


def test_other_pages_lead_there_for_those_who_may(admin_client: Client) -> None:
    key, _ = make_api_key()
    video = make_ready_video()
    ways = {
        page("videos_video", video.pk): f"{LIST}?object_id={video.pk}",
        page("videos_project", video.project_id): f"{LIST}?project_id={video.project_id}",
        page("videos_apikey", key.pk): f"{LIST}?object_id={key.pk}",
    }
    some = staff("view_video", "view_project", "view_apikey")
    for address, way in ways.items():
        assert way in html_of(admin_client, address)
        assert LIST not in html_of(some, address)


def test_looking_at_a_video_is_told(admin_client: Client) -> None:
    video = make_ready_video()
    html_of(admin_client, page("videos_video", video.pk))
    entry = AuditEntry.objects.get(verb="video.viewed")
    assert (entry.actor_kind, entry.object_id, entry.data) == ("staff", video.pk, {"shows": "player"})
