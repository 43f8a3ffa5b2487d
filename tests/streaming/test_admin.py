import pytest
from django.conf import settings
from django.test import Client

from streaming.tokens.claims import derive_secret
from streaming.tokens.models import SigningKey
from streaming.tokens.services import get_or_create_key
from tests.admin_pages import button, list_of, page, shown_messages, staff
from tests.factories import make_project

pytestmark = pytest.mark.django_db


def make_key() -> SigningKey:
    return SigningKey.objects.get(
        pk=get_or_create_key(project_id=make_project("Shop").pk, max_ttl_s=3600).key_id
    )


def test_keys_are_shown_without_their_secret(admin_client: Client) -> None:
    key = make_key()
    secret = derive_secret(settings.GILFOYLE_ROOT_SECRET, key.pk)
    for address in (list_of("streaming_signingkey"), page("streaming_signingkey", key.pk)):
        html = admin_client.get(address).content.decode()
        for words in (key.pk, "Shop", ">Active</span>", "1:00:00"):
            assert words in html, words
        assert secret.hex() not in html
    html = admin_client.get(page("streaming_signingkey", key.pk)).content.decode()
    assert ">play</code>" in html
    assert ">review</code>" in html


def test_revoking(admin_client: Client) -> None:
    one = make_key()
    response = admin_client.post(button("streaming_signingkey", one.pk, "revoke"), follow=True)
    assert "every token that it signed ends" in shown_messages(response)[0]
    one.refresh_from_db()
    assert one.state == "revoked"
    assert button("streaming_signingkey", one.pk, "revoke") not in response.content.decode()
    two = SigningKey.objects.create(project=one.project, max_ttl_s=60)
    admin_client.post(
        list_of("streaming_signingkey"), {"action": "revoke_selected", "_selected_action": two.pk}
    )
    two.refresh_from_db()
    assert two.state == "revoked"


def test_looking_is_not_revoking() -> None:
    key = make_key()
    looker = staff("view_signingkey")
    assert looker.get(page("streaming_signingkey", key.pk)).status_code == 200
    assert looker.post(button("streaming_signingkey", key.pk, "revoke")).status_code == 403
    key.refresh_from_db()
    assert key.state == "active"
