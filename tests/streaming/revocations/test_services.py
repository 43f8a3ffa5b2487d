from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from streaming.revocations.denials import GROUP, SESSION, VIDEO
from streaming.revocations.models import Revocation
from streaming.revocations.services import CLOCK_SKEW_S, KEPT, Wanted, forget_revocations, lift, revoke
from streaming.tokens.models import SigningKey
from streaming.tokens.services import TokenLimits
from tests.factories import make_project

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR_S = 3600


def end(project, wanted, *, now=NOW):
    return revoke(
        project_id=project.pk, wanted=wanted, limits=TokenLimits(60, HOUR_S, HOUR_S), now=now, by="key_x"
    )


def test_it_lasts_as_long_as_any_token_can():
    project = make_project()
    row = end(project, Wanted(VIDEO, "vid_x", 7))
    assert row.expires_at == NOW + timedelta(seconds=HOUR_S + CLOCK_SKEW_S)
    SigningKey.objects.create(project=project, max_ttl_s=5 * HOUR_S)
    SigningKey.objects.create(project=make_project(), max_ttl_s=50 * HOUR_S)
    assert end(project, Wanted(VIDEO, "vid_x", 7)).expires_at == NOW + timedelta(
        seconds=5 * HOUR_S + CLOCK_SKEW_S
    )
    limits = TokenLimits(60, HOUR_S, 9 * HOUR_S)
    row = revoke(project_id=project.pk, wanted=Wanted(GROUP, "0" * 16), limits=limits, now=NOW, by="key_x")
    assert row.expires_at == NOW + timedelta(seconds=9 * HOUR_S + CLOCK_SKEW_S)
    ends_at_s = int((NOW + timedelta(days=3)).timestamp())
    long = end(project, Wanted(SESSION, "0" * 16, ends_at_s=ends_at_s))
    assert long.expires_at == NOW + timedelta(days=3)


def test_asked_for_again_it_reaches_further_and_never_less_far():
    project = make_project()
    first = end(project, Wanted(VIDEO, "vid_x", 100))
    later = NOW + timedelta(seconds=9)
    for before_s, wanted in ((50, 100), (200, 200), (None, None), (300, None)):
        row = end(project, Wanted(VIDEO, "vid_x", before_s), now=later)
        assert (row.pk, row.issued_before_s, row.revoked_at) == (first.pk, wanted, later)
    assert Revocation.objects.count() == 1


def test_what_was_lifted_begins_anew():
    project = make_project()
    row = end(project, Wanted(GROUP, "0" * 16))
    lift(revocation=row, now=NOW + timedelta(seconds=1), by="key_x")
    row = end(project, Wanted(GROUP, "0" * 16, 100), now=NOW + timedelta(seconds=2))
    assert row.issued_before_s == 100
    assert row.expires_at > NOW + timedelta(seconds=HOUR_S)


def test_the_log_says_who_ended_what_and_of_a_viewer_a_hash(caplog):
    caplog.set_level("INFO")
    project = make_project()
    lift(revocation=end(project, Wanted(SESSION, b"8 bytes!".hex())), now=NOW, by="key_x")
    end(project, Wanted(VIDEO, "vid_x", 7))
    text = caplog.text + str([record.__dict__ for record in caplog.records])
    assert b"8 bytes!".hex() not in text
    for said in ("playback revoked", "playback revocation lifted", "key_x", "vid_x", project.pk):
        assert said in text


def test_what_is_over_for_long_is_forgotten():
    project = make_project()
    now = timezone.now()
    life = timedelta(seconds=HOUR_S + CLOCK_SKEW_S)
    end(project, Wanted(SESSION, "0" * 16), now=now - life - KEPT - timedelta(seconds=1))
    end(project, Wanted(SESSION, "1" * 16), now=now - life - KEPT + timedelta(seconds=60))
    end(project, Wanted(SESSION, "2" * 16), now=now)
    assert forget_revocations() == 1
    assert {row.subject for row in Revocation.objects.all()} == {"1" * 16, "2" * 16}
