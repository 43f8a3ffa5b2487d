import pytest
from django.conf import settings
from django.utils import timezone

from gilfoyle.lib.errors import Conflict
from streaming.errors import SigningKeyNotFound, SigningKeyRevoked
from streaming.tokens.claims import parse_token
from streaming.tokens.granting import get_signer, grant_playback
from streaming.tokens.key_services import revoke_key
from streaming.tokens.models import RETIRING, SigningKey
from streaming.tokens.services import TokenLimits, TokenWish
from tests.factories import make_project
from videos.access.models import Project
from videos.errors import ProjectSuspended

LIMITS = TokenLimits(60, 600)


def grant(video, signer=None):
    return grant_playback(
        video_id=video.pk,
        wish=TokenWish(),
        limits=LIMITS,
        config=settings.GILFOYLE,
        root_secret=settings.GILFOYLE_ROOT_SECRET,
        now=timezone.now(),
        signer=signer,
    )


def key_of(video, **fields):
    return SigningKey.objects.create(project=video.project, max_ttl_s=600, **fields)


def test_a_named_key_signs_although_there_is_a_newer_one(video):
    older, newer = key_of(video), key_of(video)
    signer = get_signer(project_id=video.project_id, key_id=older.pk)
    assert parse_token(grant(video, signer).token.text).key_id == older.pk
    assert parse_token(grant(video).token.text).key_id == newer.pk


def test_no_key_signs_that_may_not_sign_here(video):
    foreign = SigningKey.objects.create(project=make_project(), max_ttl_s=600)
    revoked = key_of(video)
    revoke_key(key_id=revoked.pk)
    for key_id, error in (
        (foreign.pk, SigningKeyNotFound),
        ("' or 1", SigningKeyNotFound),
        (revoked.pk, SigningKeyRevoked),
        (key_of(video, state=RETIRING).pk, Conflict),
        (key_of(video, algorithm="E", public_key="theirs").pk, Conflict),
    ):
        with pytest.raises(error):
            get_signer(project_id=video.project_id, key_id=key_id)


def test_nothing_is_signed_for_a_suspended_project(video):
    Project.objects.filter(pk=video.project_id).update(suspended_at=timezone.now())
    with pytest.raises(ProjectSuspended):
        grant(video)
