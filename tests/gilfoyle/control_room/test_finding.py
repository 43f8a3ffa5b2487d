from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from gilfoyle.control_room.finding import clean_term, prefix_of
from gilfoyle.lib import ids
from tests.admin_pages import HOSTILE, is_escaped, make_ready_video, page, staff
from tests.factories import make_api_key, make_job, make_project

pytestmark = pytest.mark.django_db


def find(client: Client, term: str) -> Any:
    return client.get(reverse("admin:find"), {"q": term})


def test_an_id_leads_straight_to_its_page(admin_client: Client) -> None:
    job = make_job()
    assert find(admin_client, f" {job.pk} ").url == page("processing_job", job.pk)
    assert find(admin_client, job.video_id).url == page("videos_video", job.video_id)
    assert find(admin_client, job.video_id[:-1]).status_code == 200


def test_a_pasted_key_leads_to_its_page_and_is_not_shown(admin_client: Client) -> None:
    key, text = make_api_key(make_project())
    assert find(admin_client, text).url == page("videos_apikey", key.pk)
    unknown = find(admin_client, "gfk_AAAAAAAA_secretsecret").content.decode()
    assert "secretsecret" not in unknown
    assert prefix_of(text) == key.prefix


def test_rows_are_found_by_what_one_has_at_hand(admin_client: Client) -> None:
    video = make_ready_video(title="The Harbour", creator_id="anna", external_id="ext-7")
    make_ready_video(title="Elsewhere", creator_id="ben")
    key, _text = make_api_key(video.project)
    for term in ("ext-7", "anna", "harbour"):
        html = find(admin_client, term).content.decode()
        assert page("videos_video", video.pk) in html, term
        assert "Elsewhere" not in html
    assert "creator=anna" in find(admin_client, "anna").content.decode()
    assert page("videos_project", video.project_id) in find(admin_client, video.project.name).content.decode()
    assert page("videos_apikey", key.pk) in find(admin_client, key.prefix).content.decode()


def test_each_finds_only_what_they_may_see() -> None:
    video = make_ready_video(title="Secret party", creator_id="anna")
    key, text = make_api_key(video.project)
    client = staff("view_project")
    for term in ("Secret", "anna", video.pk, key.prefix, text, ids.new_case_id()):
        response = find(client, term)
        assert response.status_code == 200, term
        assert "Secret party" not in response.content.decode()
        assert page("videos_apikey", key.pk) not in response.content.decode()


def test_whatever_is_typed_is_text(admin_client: Client) -> None:
    assert is_escaped(find(admin_client, HOSTILE).content.decode())
    for term in ("", "a\0b", "x" * 300, "vid_../../x", "%", "\\"):
        assert find(admin_client, term).status_code == 200
    assert clean_term(" a ") == "a"


def test_finding_costs_the_same_however_much_is_found(
    admin_client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        make_ready_video(title=f"same {number}", creator_id="same", external_id="same")
    with django_assert_max_num_queries(10):
        find(admin_client, "same")
