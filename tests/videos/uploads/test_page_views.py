from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests.factories import Account
from videos.access.services import revoke_api_key, suspend_project
from videos.catalog.models import Video
from videos.uploads.grant_state import describe_to_holder
from videos.uploads.granting import GrantWish, create_grant, page_url, revoke_grant
from videos.uploads.grants import sign_grant
from videos.uploads.models import UploadGrant
from videos.uploads.page_views import duration_in_words

pytestmark = pytest.mark.django_db
HOSTILE = '<script>alert(1)</script>" onload="x\' {{ 7 }}'


def give(account: Account, **wish: Any) -> tuple[UploadGrant, str]:
    """A grant, and the path of its page."""
    grant = create_grant(key=account.key, wish=GrantWish(**wish), config=settings.GILFOYLE)
    url = page_url(grant, config=settings.GILFOYLE, root_secret=settings.GILFOYLE_ROOT_SECRET)
    assert url.startswith(f"{settings.GILFOYLE.public_url}/upload/upg_")
    return grant, url.removeprefix(settings.GILFOYLE.public_url)


def policy(answer: Any) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in answer["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def test_the_page_says_what_may_be_uploaded(account: Account, client: Client) -> None:
    _, path = give(account, max_size_bytes=2 * 1024**3, max_duration_s=5400, containers=["mp4", "avi"])
    text = client.get(path).content.decode()
    for fact in ("2.0\xa0GB", "1 hour 30 minutes", "MP4 or MOV, AVI", "Open until", 'accept="video/mp4,'):
        assert fact in text, fact
    assert f'data-endpoint="/api/v1/uploads/tus/{path.rpartition("/")[2]}"' in text


def test_it_loads_nothing_from_elsewhere_and_leaves_nothing_behind(account: Account, client: Client) -> None:
    answer = client.get(give(account)[1])
    rules = policy(answer)
    assert (rules["default-src"], rules["script-src"], rules["style-src"], rules["connect-src"]) == (
        "'none'",
        *("'self'",) * 3,
    )
    assert (rules["base-uri"], rules["form-action"]) == ("'none'", "'none'")
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert (answer["Referrer-Policy"], answer["Cache-Control"]) == ("no-referrer", "no-store")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert not answer.cookies
    text = answer.content.decode()
    assert "://" not in text.replace("http://www.w3.org", "")
    assert "style=" not in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    ("origins", "ancestors"),
    [
        ([], "'self'"),
        (["https://a.example", "http://b.example:8080"], "'self' https://a.example http://b.example:8080"),
        (["https://a.example", "*"], "*"),
    ],
)
def test_only_the_allowed_sites_may_frame_it(
    account: Account, client: Client, origins: list[str], ancestors: str
) -> None:
    grant, path = give(account, allowed_origins=origins)
    assert policy(client.get(path))["frame-ancestors"] == ancestors
    assert "X-Frame-Options" not in client.get(path)
    revoke_grant(grant=grant)  # that it is over is told there, too
    assert policy(client.get(path))["frame-ancestors"] == ancestors


@pytest.mark.parametrize(
    ("end", "status", "words"),
    [
        (lambda g: revoke_grant(grant=g), 403, "not valid, or not any more"),
        (lambda g: revoke_api_key(key=g.api_key), 403, "not valid, or not any more"),
        (lambda g: suspend_project(project=g.video.project), 403, "project is suspended"),
        (lambda g: UploadGrant.objects.update(expires_at=g.created_at), 410, "has expired"),
    ],
)
def test_an_address_that_has_ended_says_so(
    account: Account, client: Client, end: Any, status: int, words: str
) -> None:
    grant, path = give(account)
    end(grant)
    answer = client.get(path)
    assert answer.status_code == status
    assert words in answer.content.decode()
    assert grant.video_id not in answer.content.decode()
    assert "tus.min.js" not in answer.content.decode()


def test_what_nobody_signed_is_no_page_and_names_no_site(account: Account, client: Client) -> None:
    grant, path = give(account, allowed_origins=["*"])
    forged = sign_grant(grant.pk, root_secret=b"another secret of the right length")
    answer = client.get(f"/upload/{forged}")
    assert (answer.status_code, policy(answer)["frame-ancestors"]) == (403, "'self'")
    assert 'data-origins=""' in answer.content.decode()
    assert client.get("/upload/upg_x").status_code == 403
    assert client.post(path).status_code == 405


def test_a_hostile_title_stays_text(account: Account, client: Client) -> None:
    grant, path = give(account)
    Video.objects.filter(pk=grant.video_id).update(title=HOSTILE)
    text = client.get(path).content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert '" onload="' not in text
    assert describe_to_holder(UploadGrant.objects.get(), settings.GILFOYLE)["title"] == HOSTILE


def test_a_theme_is_one_of_two_and_nothing_else(account: Account, client: Client) -> None:
    _, path = give(account)
    assert '<html lang="en" data-theme="dark">' in client.get(f"{path}?theme=dark").content.decode()
    assert '<html lang="en">' in client.get(f'{path}?theme="><script>').content.decode()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 seconds"),
        (1, "1 second"),
        (600, "10 minutes"),
        (5400, "1 hour 30 minutes"),
        (43200, "12 hours"),
    ],
)
def test_lengths_are_told_in_words(seconds: float, words: str) -> None:
    assert duration_in_words(seconds) == words
