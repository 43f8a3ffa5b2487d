import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from streaming.tokens.claims import derive_secret
from streaming.tokens.key_services import revoke_key
from streaming.tokens.models import SigningKey
from streaming.tokens.services import get_or_create_key
from tests.admin_pages import button, list_of, page, shown_messages, staff
from tests.factories import make_project
from tests.streaming.tokens.signing import ED25519, pem_of

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


def add(client: Client, **changes: object) -> HttpResponse:
    given = {
        "project": make_project().pk,
        "label": "Shop backend",
        "pem": pem_of(ED25519),
        "scopes": ["media", "images"],
        "max_ttl_s": 600,
        "max_session_s": 7200,
    }
    address = reverse("admin:streaming_signingkey_add")
    return client.post(address, {**given, **changes}, follow=True)  # type: ignore[return-value]


def test_a_public_key_is_added_and_shown(admin_client: Client) -> None:
    response = add(admin_client)
    key = SigningKey.objects.get()
    assert (key.algorithm, key.public_key, key.max_ttl_s) == ("E", pem_of(ED25519), 600)
    assert key.pk in shown_messages(response)[0] or "Shop backend" in shown_messages(response)[0]
    html = admin_client.get(page("streaming_signingkey", key.pk)).content.decode()
    for words in ("BEGIN PUBLIC KEY", "Ed25519", "The consumer", "Shop backend", "10:00", "2:00:00"):
        assert words in html, words


def test_a_private_key_is_refused_and_not_shown_again_as_kept(admin_client: Client) -> None:
    response = add(admin_client, pem="-----BEGIN PRIVATE KEY-----")
    assert "throw it away" in response.content.decode()
    assert not SigningKey.objects.exists()


def test_a_refusal_of_the_service_is_told_in_words(admin_client: Client) -> None:
    project = make_project()
    add(admin_client, project=project.pk)
    revoke_key(key_id=SigningKey.objects.get().pk)
    assert "was revoked here" in shown_messages(add(admin_client, project=project.pk))[0]
    assert SigningKey.objects.count() == 1


def test_a_key_is_wound_up_and_brought_back(admin_client: Client) -> None:
    add(admin_client)
    key = SigningKey.objects.get()

    def press(name: str) -> str:
        response = admin_client.post(button("streaming_signingkey", key.pk, name), follow=True)
        key.refresh_from_db()
        return str(shown_messages(response)[0])

    assert "signs no more" in press("retire")
    assert (key.state, key.retired_at_s is None) == ("retiring", False)
    html = admin_client.get(page("streaming_signingkey", key.pk)).content.decode()
    assert button("streaming_signingkey", key.pk, "resume") in html
    assert button("streaming_signingkey", key.pk, "retire") not in html
    assert "signs again" in press("resume")
    assert key.state == "active"
    assert "ends within a second" in press("withdraw")
    assert key.min_issued_at_s > 0


def test_own_keys_are_retired_for_good(admin_client: Client) -> None:
    key = make_key()
    admin_client.post(button("streaming_signingkey", key.pk, "retire"))
    html = admin_client.get(page("streaming_signingkey", key.pk)).content.decode()
    assert button("streaming_signingkey", key.pk, "resume") not in html
    response = admin_client.post(button("streaming_signingkey", key.pk, "resume"), follow=True)
    assert "makes a new key of its own" in shown_messages(response)[0]


def test_adding_needs_its_right() -> None:
    looker = staff("view_signingkey")
    assert looker.get(reverse("admin:streaming_signingkey_add")).status_code == 403
    assert (
        staff("add_signingkey", "view_signingkey").get(reverse("admin:streaming_signingkey_add")).status_code
        == 200
    )
