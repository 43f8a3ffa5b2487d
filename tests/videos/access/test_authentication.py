from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from tests.captured_logs import logging_as
from tests.factories import Account, api_client, make_account, make_api_key, make_project
from videos.access import services
from videos.access.keys import mint_key
from videos.access.models import ApiKey

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/account"


def assert_refused(client: APIClient) -> None:
    answer = client.get(ADDRESS)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "api_key_invalid"
    assert answer["X-Request-Id"]


def test_a_valid_key_is_let_in_and_its_day_of_use_noted(api: APIClient, account: Account) -> None:
    assert api.get(ADDRESS).status_code == 200
    assert ApiKey.objects.get(pk=account.key.pk).last_used_on == timezone.now().date()


def test_no_key_is_refused() -> None:
    assert_refused(api_client(None))
    assert_refused(api_client(""))
    assert "Send" in api_client("").get(ADDRESS).json()["hint"]


def test_the_ways_in_which_a_key_is_wrong_can_not_be_told_apart(account: Account) -> None:
    expired = make_api_key(account.project, expires_at=timezone.now() - timedelta(seconds=1))[1]
    revoked_key, revoked = make_api_key(account.project)
    services.revoke_api_key(key=revoked_key)
    same_prefix = account.key_text[:13] + mint_key().text[13:]
    wrong = [
        expired,
        revoked,
        same_prefix,
        mint_key().text,
        "x",
        "gfk_",
        account.key_text + "a",
        account.key_text[:-1],
    ]
    bodies = set()
    for text in wrong:
        assert_refused(api_client(text))
        bodies.add(api_client(text).get(ADDRESS).content)
    assert len(bodies) == 1
    assert b"create_api_key" in bodies.pop()


@pytest.mark.parametrize(
    "form", ["{}", "Basic {}", "Token {}", "Bearer", "Bearer \xe9", "Bearer {} x", "Bearer \0{}"]
)
def test_other_headers_are_refused(account: Account, form: str) -> None:
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=form.format(account.key_text))
    assert_refused(client)


def test_the_scheme_is_not_case_sensitive(account: Account) -> None:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"bearer  {account.key_text} ")
    assert client.get(ADDRESS).status_code == 200


def test_a_suspended_project_is_told_so_until_it_is_resumed(api: APIClient, account: Account) -> None:
    services.suspend_project(project=account.project)
    answer = api.get(ADDRESS)
    assert (answer.status_code, answer.json()["code"]) == (403, "project_suspended")
    services.resume_project(project=account.project)
    assert api.get(ADDRESS).status_code == 200


def test_another_projects_suspension_is_no_matter(api: APIClient) -> None:
    services.suspend_project(project=make_project())
    assert api.get(ADDRESS).status_code == 200


def test_no_log_line_holds_a_key(api: APIClient, account: Account) -> None:
    wrong = mint_key().text
    with logging_as(level="debug") as written:
        api.get(ADDRESS)
        api_client(wrong).get(ADDRESS)
        api.get(f"/api/v1/videos/{wrong}")
        api.post("/api/v1/videos", {"title": [wrong], account.key_text: 1}, format="json")
    assert "api_key_invalid" in written.getvalue()
    assert account.key_text[13:] not in written.getvalue()
    assert wrong[13:] not in written.getvalue()


def test_a_key_lets_into_its_own_project_alone() -> None:
    first, second = make_account(), make_account()
    assert first.client().get(ADDRESS).json()["project"]["id"] == first.project.pk
    assert second.client().get(ADDRESS).json()["project"]["id"] == second.project.pk
