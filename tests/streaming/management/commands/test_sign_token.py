from __future__ import annotations

import json
from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from streaming.tokens.claims import parse_token
from streaming.tokens.models import SigningKey
from tests.videos.management.operating import OPERATOR, run
from videos.access.internal import CANARY_PROJECT_ID
from videos.access.models import Project
from videos.audit.models import AuditEntry

pytestmark = pytest.mark.django_db


def views() -> list[tuple[str, dict[str, str]]]:
    return [(one.actor_id, one.data) for one in AuditEntry.objects.filter(verb="video.viewed")]


def test_its_addresses_play_and_who_made_it_is_in_the_audit(video):
    code, printed = run("sign_token", video.pk, "--ttl-s", "600")
    told = dict(line.split(maxsplit=1) for line in printed.splitlines())
    assert code == 0
    assert list(told) == ["Token", "HLS", "DASH", "Player", "Ends", "Key"]
    for name in ("HLS", "DASH", "Player"):
        assert Client().get(urlsplit(told[name]).path).status_code == 200, name
    claims = parse_token(told["Token"]).claims
    assert claims.expires_at_s - claims.issued_at_s == 600
    assert views() == [(OPERATOR.id, {"shows": "token"})]
    assert run("sign_token", video.pk, "--quiet")[1].count("\n") == 1


def test_programs_get_the_answer_of_the_api_and_may_name_key_and_viewer(video):
    key = SigningKey.objects.create(project=video.project, max_ttl_s=100)
    SigningKey.objects.create(project=video.project, max_ttl_s=86400)
    video.needs_age, video.blocked_countries = True, "FR"
    video.save()
    viewer = ("--age-ok", "--country", "DE", "--origin", "https://www.example.org")
    told = json.loads(run("sign_token", video.pk, "--key", key.pk, "--json", *viewer)[1])
    assert told["key_id"] == key.pk == parse_token(told["token"]).key_id
    assert told["embed_url"].endswith("?origin=https%3A%2F%2Fwww.example.org")
    assert run("sign_token", video.pk, "--key", key.pk, "--ttl-s", "101", "--json", *viewer)[0] == 1


def test_a_try_signs_nothing_and_leaves_no_trail(video):
    assert "would be signed that ends" in run("sign_token", video.pk, "--dry-run")[1]
    told = json.loads(run("sign_token", video.pk, "--dry-run", "--json")[1])
    assert set(told) == {"video_id", "expires_at", "is_dry_run"}
    assert (views(), SigningKey.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("changes", "argv", "words"),
    [
        ({"restriction": "held"}, (), "is restricted .* explain_access"),
        ({"playable": False, "status": "failed"}, (), "Processing failed"),
        ({"status": "deleting"}, (), "nothing to play"),
        ({"needs_age": True}, (), "an age label. Say --age-ok"),
        ({"blocked_countries": "DE"}, (), "blocked in DE. Say where"),
        ({"blocked_countries": "DE"}, ("--country", "DE"), "blocked in DE."),
        ({"embedding_off": True}, ("--origin", "https://www.example.org"), "video_restricted"),
        ({}, ("--ttl-s", "999999999"), "--ttl-s: Must be at most"),
        ({}, ("--origin", "example"), "--origin: "),
        ({}, ("--country", "de"), "--country: "),
        ({}, ("--clip", "5", "2"), "--clip: A clip ends later"),
        ({}, ("--key", "nokeys"), "no such signing key"),
    ],
)
def test_where_it_can_t_be_played_there_is_none_and_the_reason(video, changes, argv, words):
    type(video).objects.filter(pk=video.pk).update(**changes)
    with pytest.raises(CommandError, match=words) as caught:
        run("sign_token", video.pk, *argv)
    assert caught.value.returncode == 1
    assert views() == []


def test_a_suspended_project_and_what_is_nobody_s_get_none(video):
    Project.objects.filter(pk=video.project_id).update(suspended_at=timezone.now())
    code, printed = run("sign_token", video.pk, "--json")
    assert (code, json.loads(printed)["error"]["code"]) == (1, "project_suspended")
    own = Project.objects.create(pk=CANARY_PROJECT_ID, name="own")
    type(video).objects.filter(pk=video.pk).update(project=own)
    for video_id in (video.pk, "vid_" + "0" * 18, "\0"):
        with pytest.raises(CommandError, match="no such video"):
            run("sign_token", video_id)
