import re

import pytest

from videos.access.keys import hash_key, is_match, mint_key, parse_prefix


def test_a_key_is_random_and_only_its_hash_is_kept() -> None:
    minted = mint_key()
    assert re.fullmatch(r"gfk_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}", minted.text)
    assert parse_prefix(minted.text) == minted.prefix == minted.text[4:12]
    assert minted.digest == hash_key(minted.text)
    assert minted.text[13:] not in minted.digest
    assert len({mint_key().text for _ in range(50)}) == 50


def test_a_hash_is_plain_sha_256() -> None:
    assert hash_key("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_only_the_very_key_matches() -> None:
    minted = mint_key()
    assert is_match(minted.text, minted.digest)
    assert not is_match(minted.text[:-1] + ("a" if minted.text[-1] != "a" else "b"), minted.digest)
    assert not is_match("", minted.digest)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "gfk_",
        "gfk_12345678",
        "gfk_12345678_" + "a" * 42,
        "gfk_1234567é_" + "a" * 43,
        "GFK_12345678_" + "a" * 43,
    ],
)
def test_other_texts_are_no_keys(text: str) -> None:
    assert parse_prefix(text) is None
