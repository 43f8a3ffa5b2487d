from rest_framework.test import APIClient

from tests.factories import Account, make_account, make_video


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
        "limits": {"max_size_bytes": 50 * 1024**3, "max_duration_s": 43200.0},
        "use": {"videos": 1, "stored_bytes": 12},
    }


def test_any_key_may_ask_who_it_is(db: None) -> None:
    assert make_account(scopes=[]).client().get("/api/v1/account").status_code == 200
