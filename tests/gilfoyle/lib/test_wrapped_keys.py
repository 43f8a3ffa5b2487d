import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.wrapped_keys import KeyUnusable, unwrap_key, wrap_key

ROOT = b"the root secret of these tests, long enough"
KEY = bytes(range(32))


def wrapped() -> bytes:
    return wrap_key(KEY, purpose="source", owner="sources/p/v/u/source", root_secret=ROOT)


@given(key=st.binary(min_size=16, max_size=64), owner=st.text(max_size=40), purpose=st.text(max_size=10))
def test_what_was_wrapped_is_unwrapped(key: bytes, owner: str, purpose: str) -> None:
    kept = wrap_key(key, purpose=purpose, owner=owner, root_secret=ROOT)
    assert key not in kept
    assert unwrap_key(kept, purpose=purpose, owner=owner, root_secret=ROOT) == key


def test_the_same_key_is_never_wrapped_alike() -> None:
    assert wrapped() != wrapped()


@pytest.mark.parametrize(
    "changed",
    [{"purpose": "segments"}, {"owner": "sources/p/w/u/source"}, {"root_secret": ROOT + b"!"}],
)
def test_a_key_is_for_one_purpose_one_owner_and_one_secret(changed: dict[str, str | bytes]) -> None:
    rightly = {"purpose": "source", "owner": "sources/p/v/u/source", "root_secret": ROOT}
    kept = wrapped()
    assert unwrap_key(kept, **rightly) == KEY  # type: ignore[arg-type]
    with pytest.raises(KeyUnusable) as caught:
        unwrap_key(kept, **{**rightly, **changed})  # type: ignore[arg-type]
    assert "GILFOYLE_SECRET_KEY" in caught.value.hint


def test_purpose_and_owner_can_not_be_shifted_into_each_other() -> None:
    kept = wrap_key(KEY, purpose="a", owner="b\0c", root_secret=ROOT)
    with pytest.raises(KeyUnusable):
        unwrap_key(kept, purpose="a\0b", owner="c", root_secret=ROOT)


def test_a_wrapped_key_that_was_changed_or_cut_opens_nothing() -> None:
    kept = wrapped()
    for at in range(len(kept) * 8):
        changed = bytearray(kept)
        changed[at // 8] ^= 1 << at % 8
        with pytest.raises(KeyUnusable):
            unwrap_key(bytes(changed), purpose="source", owner="sources/p/v/u/source", root_secret=ROOT)
    for end in range(len(kept)):
        with pytest.raises(KeyUnusable):
            unwrap_key(kept[:end], purpose="source", owner="sources/p/v/u/source", root_secret=ROOT)


def test_another_secret_is_no_key_by_accident() -> None:
    for _ in range(20):
        with pytest.raises(KeyUnusable):
            unwrap_key(
                wrapped(),
                purpose="source",
                owner="sources/p/v/u/source",
                root_secret=secrets.token_bytes(48),
            )
