from __future__ import annotations

import pytest

from streaming.tokens.claims import Scope
from streaming.tokens.forms import SigningKeyForm
from tests.factories import make_project
from tests.streaming.tokens.signing import ED25519, pem_of

pytestmark = pytest.mark.django_db


def fill(**changes):
    given = {
        "project": make_project().pk,
        "label": "Shop",
        "pem": pem_of(ED25519),
        "scopes": ["media"],
        "max_ttl_s": 60,
        "max_session_s": 7200,
    }
    return SigningKeyForm({**given, **changes})


def test_what_is_entered_becomes_a_key():
    form = fill()
    assert form.is_valid(), form.errors
    new = form.new_key()
    assert (new.algorithm, new.label, new.max_ttl_s, new.max_session_s) == ("E", "Shop", 60, 7200)
    assert new.scope_mask == Scope.PLAY | Scope.KEY


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("pem", "-----BEGIN PRIVATE KEY-----", "private key"),
        ("pem", "x", "one public key"),
        ("max_ttl_s", 43_201, "43200"),
        ("max_ttl_s", 0, "1"),
        ("max_session_s", 86_401, "86400"),
        ("scopes", ["review"], "review"),
        ("scopes", [], "required"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(field, value, words):
    form = fill(**{field: value})
    assert not form.is_valid()
    assert set(form.errors) == {field}
    assert words in str(form.errors[field])
