from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from streaming.tokens.claims import VIEWER_SCOPES, Scope
from streaming.tokens.key_serializers import (
    EXAMPLE,
    EXAMPLE_PEM,
    SigningKeyChangeSerializer,
    SigningKeyInputSerializer,
    SigningKeySerializer,
)
from streaming.tokens.key_services import KeyChange
from streaming.tokens.models import SigningKey
from streaming.tokens.public_keys import read_public_key
from tests.streaming.tokens.signing import P256, pem_of


def read(**given):
    serializer = SigningKeyInputSerializer(data=given, context={"max_ttl_s": 43_200, "max_session_s": 86_400})
    return serializer.new_key() if serializer.is_valid() else set(serializer.errors)


def change(**given):
    serializer = SigningKeyChangeSerializer(data=given)
    return serializer.change() if serializer.is_valid() else set(serializer.errors)


def test_a_public_key_is_enough():
    new = read(public_key=pem_of(P256))
    assert (new.algorithm, new.public_key, new.label) == ("P", pem_of(P256), "")
    assert (new.scope_mask, new.max_ttl_s, new.max_session_s) == (VIEWER_SCOPES, 43_200, 0)


def test_a_key_may_open_less():
    new = read(public_key=pem_of(P256), scopes=["images"], max_ttl_s=60, label="Thumbs")
    assert (new.scope_mask, new.max_ttl_s, new.label) == (Scope.IMAGES, 60, "Thumbs")


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({}, {"public_key"}),
        ({"public_key": "x"}, {"public_key"}),
        ({"public_key": 5}, {"public_key"}),
        ({"public_key": EXAMPLE_PEM, "scopes": []}, {"scopes"}),
        ({"public_key": EXAMPLE_PEM, "scopes": ["review"]}, {"scopes"}),
        ({"public_key": EXAMPLE_PEM, "max_ttl_s": 0}, {"max_ttl_s"}),
        ({"public_key": EXAMPLE_PEM, "max_ttl_s": 43_201}, {"max_ttl_s"}),
        ({"public_key": EXAMPLE_PEM, "max_session_s": -1}, {"max_session_s"}),
        ({"public_key": EXAMPLE_PEM, "max_session_s": 86_401}, {"max_session_s"}),
        ({"public_key": EXAMPLE_PEM, "label": "x" * 101}, {"label"}),
        ({"public_key": EXAMPLE_PEM, "algorithm": "H"}, {"algorithm"}),
        ({"public_key": EXAMPLE_PEM, "id": "abc123"}, {"id"}),
    ],
)
def test_wrong_keys_are_refused(given, wrong):
    assert read(**given) == wrong


def test_changes_are_read():
    at = datetime(2026, 11, 20, 9, tzinfo=UTC)
    assert change() == KeyChange()
    assert change(state="retiring", label="") == KeyChange(label="", state="retiring")
    assert change(min_issued_at=at.isoformat()) == KeyChange(min_issued_at_s=int(at.timestamp()))


def test_a_withdrawal_takes_all_of_its_second():
    at = datetime(2026, 11, 20, 9, 0, 0, 1, tzinfo=UTC)
    assert change(min_issued_at=at.isoformat()) == KeyChange(min_issued_at_s=int(at.timestamp()) + 1)


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"state": "revoked"}, {"state"}),
        ({"min_issued_at": (timezone.now() + timedelta(hours=1)).isoformat()}, {"min_issued_at"}),
        ({"min_issued_at": "1969-12-31T00:00:00Z"}, {"min_issued_at"}),
        ({"public_key": EXAMPLE_PEM}, {"public_key"}),
        ({"scopes": ["media"]}, {"scopes"}),
    ],
)
def test_wrong_changes_are_refused(given, wrong):
    assert change(**given) == wrong


def test_the_example_is_a_real_one():
    assert set(EXAMPLE) == set(SigningKeySerializer().fields)
    assert read_public_key(EXAMPLE_PEM) == ("E", EXAMPLE_PEM)


def test_own_keys_show_nothing_to_sign_with():
    shown = SigningKeySerializer(
        SigningKey(pk="abc123", max_ttl_s=60, min_issued_at_s=5, retired_at_s=6)
    ).data
    assert (shown["algorithm"], shown["signer"], shown["public_key"]) == ("hmac-sha256", "gilfoyle", None)
    assert shown["min_issued_at"] == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert shown["retired_at"] == datetime(1970, 1, 1, 0, 0, 6, tzinfo=UTC)
    assert shown["max_session_s"] is None
    assert shown["scopes"] == ["media", "images", "text"]
