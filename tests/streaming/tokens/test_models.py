from __future__ import annotations

import re

from streaming.tokens.models import SigningKey
from tests.factories import make_project


def test_a_new_key_is_active_and_holds_no_secret(db):
    key = SigningKey.objects.create(project=make_project(), max_ttl_s=60)
    assert re.fullmatch("[0-9A-Za-z]{6}", key.pk)
    assert (key.state, key.algorithm, key.scope_mask, key.min_issued_at_s) == ("active", "H", 127, 0)
    assert not any("secret" in field.name for field in SigningKey._meta.get_fields())
    assert str(key) == key.pk
