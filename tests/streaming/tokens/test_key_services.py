from __future__ import annotations

import dataclasses

import pytest

from streaming.errors import PublicKeyRevoked, SigningKeyIsOwn, SigningKeyRevoked, TooManySigningKeys
from streaming.tokens.claims import VIEWER_SCOPES
from streaming.tokens.key_services import (
    MAX_KEYS_OF_A_PROJECT,
    KeyChange,
    NewKey,
    change_key,
    register_key,
    retire_key,
    revoke_key,
)
from streaming.tokens.models import SigningKey
from streaming.tokens.services import get_or_create_key
from tests.factories import make_project
from tests.streaming.tokens.signing import ED25519, pem_of

pytestmark = pytest.mark.django_db
NEW = NewKey("E", pem_of(ED25519), "Shop", VIEWER_SCOPES, 600)
NOW_S = 1_700_000_000


def change(key, **changes):
    return change_key(key_id=key.pk, change=KeyChange(**changes), now_s=NOW_S)


def test_a_registered_key_is_active():
    key = register_key(project=make_project(), new=NEW)
    key.refresh_from_db()
    assert (key.algorithm, key.public_key, key.label, key.state) == ("E", NEW.public_key, "Shop", "active")
    assert (key.scope_mask, key.max_ttl_s, key.is_own) == (int(VIEWER_SCOPES), 600, False)


def test_a_project_has_so_many_keys_and_not_more():
    project = make_project()
    get_or_create_key(project_id=project.pk, max_ttl_s=60)  # of Gilfoyle's own, which do not count
    keys = [register_key(project=project, new=NEW) for _ in range(MAX_KEYS_OF_A_PROJECT)]
    with pytest.raises(TooManySigningKeys):
        register_key(project=project, new=NEW)
    register_key(project=make_project(), new=NEW)
    revoke_key(key_id=keys[0].pk)
    register_key(project=project, new=dataclasses.replace(NEW, public_key="another"))


def test_a_revoked_public_key_does_not_come_back():
    project = make_project()
    revoke_key(key_id=register_key(project=project, new=NEW).pk)
    with pytest.raises(PublicKeyRevoked):
        register_key(project=project, new=NEW)
    assert register_key(project=make_project(), new=NEW).state == "active"


def test_retiring_is_taken_back():
    key = register_key(project=make_project(), new=NEW)
    retired = retire_key(key_id=key.pk, now_s=NOW_S)
    assert (retired.state, retired.retired_at_s) == ("retiring", NOW_S)
    again = change_key(key_id=key.pk, change=KeyChange(state="retiring"), now_s=NOW_S + 9)
    assert again.retired_at_s == NOW_S
    back = change(key, state="active")
    assert (back.state, back.retired_at_s) == ("active", None)


def test_a_withdrawal_is_not_taken_back():
    key = register_key(project=make_project(), new=NEW)
    assert change(key, min_issued_at_s=100).min_issued_at_s == 100
    assert change(key, min_issued_at_s=50).min_issued_at_s == 100
    assert change(key, label="Other").min_issued_at_s == 100
    assert SigningKey.objects.get(pk=key.pk).label == "Other"


def test_a_revoked_key_stays_as_it_is():
    key = register_key(project=make_project(), new=NEW)
    assert revoke_key(key_id=key.pk)
    for changes in ({"state": "active"}, {"state": "retiring"}, {"label": "x"}, {"min_issued_at_s": 1}):
        with pytest.raises(SigningKeyRevoked):
            change(key, **changes)
    assert not revoke_key(key_id="nokey0")


def test_own_keys_are_retired_and_replaced_but_not_brought_back():
    project = make_project()
    own = SigningKey.objects.get(pk=get_or_create_key(project_id=project.pk, max_ttl_s=60).key_id)
    assert change(own, state="retiring").retired_at_s == NOW_S
    assert get_or_create_key(project_id=project.pk, max_ttl_s=60).key_id != own.pk
    with pytest.raises(SigningKeyIsOwn):
        change(own, state="active")
