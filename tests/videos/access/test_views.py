import pytest
from rest_framework.test import APIClient

from tests.factories import Account, make_account, make_video
from tests.limited import limited_account
from videos.access.services import set_project_encryption

pytestmark = pytest.mark.django_db


def test_account_tells_who_the_key_is_and_what_is_used(api: APIClient, account: Account) -> None:
    make_video(account.project, stored_bytes=12)
    answer = api.get("/api/v1/account")
    assert answer.status_code == 200
    assert answer.json() == {
        "project": {"id": account.project.pk, "name": account.project.name},
        "key": {
            "id": account.key.pk,
            "label": "tests",
            "scopes": sorted(account.key.scopes),
            "expires_at": None,
        },
        "encryption": False,
        "limits": {
            "max_size_bytes": 50 * 1024**3,
            "max_duration_s": 43200.0,
            "stored_bytes": None,
            "minutes_a_month": None,
            "uploads_at_once": 1000,
            "encodes_at_once": None,
            "requests_a_minute": None,
            "key": {"stored_bytes": None, "uploads_at_once": None, "requests_a_minute": None},
        },
        "use": {
            "videos": 1,
            "stored_bytes": 12,
            "deleting_bytes": 0,
            "uploading_bytes": 0,
            "uploads": 0,
            "processing": 0,
            "minutes_this_month": 0.0,
            "key": {"stored_bytes": 0, "uploading_bytes": 0, "uploads": 0},
        },
    }


def test_limits_are_those_of_the_project_and_the_key() -> None:
    account = limited_account(max_stored_bytes=10, max_uploads_at_once=0, of_key={"max_uploads_at_once": 3})
    limits = account.client().get("/api/v1/account").json()["limits"]
    assert (limits["stored_bytes"], limits["uploads_at_once"], limits["key"]["uploads_at_once"]) == (
        10,
        None,
        3,
    )


def test_whether_segments_are_encrypted_is_told(api: APIClient, account: Account) -> None:
    set_project_encryption(project=account.project, encryption="on")
    assert api.get("/api/v1/account").json()["encryption"] is True


def test_any_key_may_ask_who_it_is(db: None) -> None:
    assert make_account(scopes=[]).client().get("/api/v1/account").status_code == 200
