import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from gilfoyle.admin_site import GilfoyleAdminSite
from tests.admin_pages import staff

pytestmark = pytest.mark.django_db


def test_the_site_is_ours() -> None:
    assert isinstance(admin.site, GilfoyleAdminSite)


def test_unknown_addresses_get_a_page_of_the_admin(admin_client: Client) -> None:
    response = admin_client.get("/admin/nothing/here/")
    assert response.status_code == 404
    html = response.content.decode()
    assert "There is nothing here" in html
    assert "gilfoyle/admin.css" in html


def test_a_row_that_is_gone_leads_to_the_dashboard(admin_client: Client) -> None:
    response = admin_client.get("/admin/videos/video/vid_gone/change/", follow=True)
    assert response.redirect_chain[-1][0] == reverse("admin:index")


def test_what_is_not_allowed_is_told_in_words() -> None:
    response = staff("view_video").get(reverse("admin:videos_project_changelist"))
    assert response.status_code == 403
    assert "You may not do this" in response.content.decode()


def test_a_nul_is_refused_in_words_wherever_it_is_sent(admin_client: Client) -> None:
    """PostgreSQL refuses it, by an error that nobody could have read."""
    for sent in ({"after": "a\0b"}, {"a\0b": "x"}):
        answer = admin_client.post(reverse("admin:videos_case_next"), sent)
        assert (answer.status_code, "(NUL)" in answer.content.decode()) == (400, True)
    assert admin_client.get("/admin/videos/case/case_00x/change/").status_code in {302, 404}


def test_strangers_learn_nothing() -> None:
    response = Client().get("/admin/nothing/here/")
    assert response.status_code == 302
    assert response["Location"].startswith("/admin/login/")


def test_every_answer_says_what_pages_may_load_and_that_none_may_frame_them(admin_client: Client) -> None:
    answers = [
        admin_client.get(address)
        for address in ("/admin/", "/admin/nothing/here/", "/admin/videos/video/", "/admin/two-factor/")
    ]
    answers += [Client().get("/admin/login/"), Client(enforce_csrf_checks=True).post("/admin/login/")]
    for answer in answers:
        policy = answer["Content-Security-Policy"]
        for words in ("frame-ancestors 'none'", "object-src 'none'", "form-action 'self'"):
            assert words in policy
        assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]
        assert answer["X-Frame-Options"] == "DENY"


def test_lists_of_django_s_apps_lead_to_the_dashboard(admin_client: Client) -> None:
    assert admin_client.get("/admin/videos/")["Location"] == reverse("admin:index")


def test_login_and_logout_in_our_looks() -> None:
    User.objects.create_superuser("root", password="long-enough-4711")
    client = Client()
    html = client.get(reverse("admin:login")).content.decode()
    assert "gilfoyle/mark.svg" in html
    wrong = client.post(reverse("admin:login"), {"username": "root", "password": "wrong"})
    assert wrong.status_code == 200
    answer = client.post(reverse("admin:login"), {"username": "root", "password": "long-enough-4711"})
    assert answer.status_code == 302
    assert "You are logged out" in client.post(reverse("admin:logout")).content.decode()


def test_navigation_holds_what_one_may_see() -> None:
    html = staff("view_video").get(reverse("admin:index")).content.decode()
    assert reverse("admin:videos_video_changelist") in html
    assert reverse("admin:processing_job_changelist") not in html
    assert reverse("admin:auth_user_changelist") not in html
