"""Tries to steal the canary, and writes down what came of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from django.conf import settings
from django.core.files.storage import storages
from django.db.models import Q
from django.utils import timezone

from gilfoyle.lib.config import Config
from gilfoyle.lib.errors import Fault
from gilfoyle.lib.media_store import media_store
from gilfoyle.lib.s3_settings import S3Settings
from gilfoyle.lib.store_places import ROLES, role_of
from gilfoyle.lib.transactions import atomic
from streaming.exposure.models import EXPOSED, INCONCLUSIVE, ExposureTest
from streaming.exposure.thief import Thief
from streaming.exposure.tries import (
    FAILED,
    STOLEN,
    Answer,
    Result,
    Target,
    Try,
    conclude,
    judge,
    plan_bucket_tries,
    plan_cdn_tries,
    plan_tries,
)
from streaming.tokens.claims import SESSION_LENGTH, VIEWER_SCOPES, Claims, derive_secret, sign_token
from streaming.tokens.models import ACTIVE, REVOKED, SigningKey
from videos.access.internal import CANARY_PROJECT_ID, STRANGER_PROJECT_ID
from videos.access.models import ApiKey, Project
from videos.access.services import create_api_key
from videos.catalog.canary import RENDITION, REVISION, VIDEO_ID, Canary, ensure_canary

KEPT_TESTS = 50
LIFE_S = 600
OTHER_VIDEO_ID = "vid_canary000000000001"
log = structlog.get_logger(__name__)


def run_self_test(config: Config) -> ExposureTest:
    """Try every way once, and return the row that says what came of it."""
    started_at = timezone.now()
    try:
        canary = ensure_canary(root_secret=settings.GILFOYLE_ROOT_SECRET)
        with _stranger_key() as api_key:
            results = _try_all(make_target(config, canary, api_key, now=started_at), config)
    except Fault as error:
        results = [("right_token", FAILED, error.message)]
    test = _record(started_at, results)
    tries = {name: where for name, result, where in results if result == STOLEN}
    if test.outcome == EXPOSED:
        log.error("private_video_exposed", ways=tries)
    elif test.outcome == INCONCLUSIVE:
        log.warning("exposure_not_tested", tries=[one for one in test.tries if one["where"]][:3])
    return test


def _try_all(target: Target, config: Config) -> list[tuple[str, Result, str]]:
    tries = [*plan_tries(target), *_at_bucket(target, config), *_at_cdn(target, config)]
    urls = [request.url for one in tries for request in one.requests]
    host = urlsplit(config.public_url).netloc if config.safety.self_test_url else ""
    with Thief.of(urls, host=host) as thief:
        return [(one.name, *judge(one, _answers(thief, one))) for one in tries]


def _answers(thief: Thief, one: Try) -> Iterator[Answer]:
    for request in one.requests:
        yield thief.ask(request)


@atomic
def _record(started_at: datetime, results: list[tuple[str, Result, str]]) -> ExposureTest:
    test = ExposureTest.objects.create(
        started_at=started_at,
        finished_at=timezone.now(),
        outcome=conclude({name: result for name, result, _ in results}),
        tries=[{"name": name, "result": result, "where": where} for name, result, where in results],
    )
    kept = ExposureTest.objects.order_by("-started_at").values_list("pk", flat=True)[:KEPT_TESTS]
    ExposureTest.objects.exclude(pk__in=list(kept)).delete()
    return test


@contextmanager
def _stranger_key() -> Iterator[str]:
    """Give an API key of another project, which is gone afterwards."""
    project = Project.objects.get(pk=STRANGER_PROJECT_ID)
    expires_at = timezone.now() + timedelta(seconds=LIFE_S)
    key, text = create_api_key(project=project, label="exposure self-test", expires_at=expires_at)
    ApiKey.objects.filter(pk=key.pk).update(max_requests_a_minute=0)
    try:
        yield text
    finally:
        # Those of runs that were killed, too; not that of one that another scheduler may just have begun.
        over = Q(pk=key.pk) | Q(expires_at__lt=timezone.now())
        ApiKey.objects.filter(over, project=project).delete()


def make_target(config: Config, canary: Canary, api_key: str, *, now: datetime) -> Target:
    """Return the canary with all that a thief might hold."""
    return Target(
        base_url=config.safety.self_test_url or config.public_url,
        project_id=CANARY_PROJECT_ID,
        video_id=VIDEO_ID,
        revision=REVISION,
        rendition=RENDITION,
        mark=canary.mark,
        objects={
            "segment": canary.segment,
            "init": canary.init,
            "poster": canary.poster,
            "source": canary.source,
        },
        tokens=make_tokens(now=now),
        api_key=api_key,
        stranger_id=STRANGER_PROJECT_ID,
    )


def make_tokens(*, now: datetime) -> dict[str, str]:
    """Return a right token of the canary, and what others might come with."""
    own, revoked, foreign = (
        _key(CANARY_PROJECT_ID, ACTIVE),
        _key(CANARY_PROJECT_ID, REVOKED),
        _key(STRANGER_PROJECT_ID, ACTIVE),
    )
    issued_at_s = int(now.timestamp())
    claims = Claims(VIEWER_SCOPES, issued_at_s, issued_at_s + LIFE_S, secrets.token_bytes(SESSION_LENGTH))
    past = replace(claims, issued_at_s=issued_at_s - 2 * LIFE_S, expires_at_s=issued_at_s - LIFE_S)
    right = _sign(own, claims)
    head, signature = right.rsplit(".", 1)
    return {
        "right": right,
        "malformed": "x" * len(right),
        "forged": f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}",
        "foreign": _sign(foreign, claims),
        "expired": _sign(own, past),
        "other_video": _sign(own, claims, video_id=OTHER_VIDEO_ID),
        "revoked": _sign(revoked, claims),
    }


def _key(project_id: str, state: str) -> str:
    """Return the id of a signing key, made where there is none."""
    found = SigningKey.objects.filter(project_id=project_id, state=state).first()
    key = found or SigningKey.objects.create(
        project_id=project_id, state=state, max_ttl_s=LIFE_S, label="exposure self-test"
    )
    return key.pk


def _sign(key_id: str, claims: Claims, *, video_id: str = VIDEO_ID) -> str:
    return sign_token(
        key_id=key_id,
        secret=derive_secret(settings.GILFOYLE_ROOT_SECRET, key_id),
        # Also of a foreign key: it names the canary's project and hopes that nobody compares.
        project_id=CANARY_PROJECT_ID,
        video_id=video_id,
        claims=claims,
    )


def _at_bucket(target: Target, config: Config) -> list[Try]:
    names = dict.fromkeys(map(config.storage.name_of, ROLES))
    return [one for name in names for one in _at_bucket_of(target, config, name)]


def _at_bucket_of(target: Target, config: Config, store_name: str) -> list[Try]:
    store = config.storage.named(store_name)
    if store.backend != "s3":
        return []
    there = [name for name in target.objects.values() if config.storage.name_of(role_of(name)) == store_name]
    signed = _signed_address(config, store_name, there[0])
    prefix = store.s3.prefix.strip("/")
    placed = {kind: quote(f"{prefix}/{name}".strip("/")) for kind, name in target.objects.items()}
    return plan_bucket_tries(
        replace(target, objects=placed), addresses=bucket_addresses(store.s3), signed=signed
    )


def _at_cdn(target: Target, config: Config) -> list[Try]:
    playback = config.playback
    return plan_cdn_tries(target, playback.cdn_url) if playback.is_outside and playback.cdn_url else []


def _signed_address(config: Config, store_name: str, name: str) -> str:
    from botocore.config import Config as BotoConfig  # noqa: PLC0415 - a filesystem set-up never loads boto

    media = media_store(config, store_name)
    newest = BotoConfig(signature_version="s3v4")  # old ways of signing are refused by many servers
    media["OPTIONS"]["client_config"] = media["OPTIONS"]["client_config"].merge(newest)
    bucket: Any = storages.create_storage(media)
    return str(bucket.url(name, expire=LIFE_S))


def bucket_addresses(s3: S3Settings) -> list[str]:
    """Return the addresses at which strangers may look for a bucket."""
    given = dict.fromkeys(url.rstrip("/") for url in (s3.endpoint_url, s3.public_endpoint_url) if url)
    if given:
        return [f"{url}/{s3.bucket}" for url in given]
    if "." in s3.bucket:  # no certificate of theirs covers it in front: such buckets have no other address
        return [f"https://s3.{s3.region}.amazonaws.com/{s3.bucket}"]
    return [f"https://{s3.bucket}.s3.{s3.region}.amazonaws.com"]
