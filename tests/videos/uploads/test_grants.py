from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.ids import new_grant_id
from videos.uploads.grants import PATTERN, read_grant, sign_grant

ROOT, OTHER = b"the root secret of the tests, long enough", b"another root secret, as long as the first"


def test_what_was_signed_is_read() -> None:
    grant_id = new_grant_id()
    token = sign_grant(grant_id, root_secret=ROOT)
    assert read_grant(token, root_secret=ROOT) == grant_id
    assert re.fullmatch(PATTERN, token)
    assert grant_id in token


def test_another_secret_signs_something_else() -> None:
    grant_id = new_grant_id()
    assert read_grant(sign_grant(grant_id, root_secret=OTHER), root_secret=ROOT) is None


@given(st.data())
def test_nothing_else_is_a_token(data: st.DataObject) -> None:
    token = sign_grant("upg_3kTmvU1qQx0aZpLr7e", root_secret=ROOT)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters())
    changed = token[:at] + other + token[at + 1 :]
    assert (read_grant(changed, root_secret=ROOT) is not None) == (changed == token)


@pytest.mark.parametrize(
    "text", ["", "upg_", "upg_3kTmvU1qQx0aZpLr7e", "upg_3kTmvU1qQx0aZpLr7e.", "x" * 5000]
)
def test_what_has_no_shape_is_none(text: str) -> None:
    assert read_grant(text, root_secret=ROOT) is None
