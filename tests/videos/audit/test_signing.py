from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.videos.audit.test_chain import AT, CONTENT
from videos.audit.chain import Link, in_words
from videos.audit.signing import AuditKeys, Mark, is_signed, key_id_of, keys_of

SECRET = b"s" * 48
KEYS = AuditKeys(SECRET)
OTHERS = AuditKeys(b"t" * 48)
LINK = Link(7, "ab" * 32)


def mark() -> Mark:
    return KEYS.sign("checkpoint", LINK, in_words(AT))


def test_an_installation_has_its_own_keys_for_good() -> None:
    assert keys_of(SECRET) is keys_of(SECRET)
    assert AuditKeys(SECRET).public_key == KEYS.public_key != OTHERS.public_key
    assert KEYS.key_id == key_id_of(KEYS.public_key)


def test_a_signature_is_checked_with_the_public_key_alone() -> None:
    assert is_signed(mark(), KEYS.public_key)
    assert not is_signed(mark(), OTHERS.public_key)


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "base"},
        {"kind": "export"},
        {"link": Link(8, LINK.hash)},
        {"link": Link(7, "cd" * 32)},
        {"at": in_words(AT + timedelta(seconds=1))},
        {"key_id": "other"},
        {"signature": ""},
        {"signature": "no hex"},
        {"signature": "00" * 64},
    ],
    ids=str,
)
def test_nothing_of_a_mark_can_be_changed(change: dict[str, object]) -> None:
    assert not is_signed(replace(mark(), **change), KEYS.public_key)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["", "00", "no hex", "ff" * 32])
def test_what_is_no_key_signs_nothing(key: str) -> None:
    assert not is_signed(mark(), key)


def test_seals_need_the_secret() -> None:
    seal = KEYS.seal_content(CONTENT)
    assert seal == AuditKeys(SECRET).seal_content(CONTENT)
    assert seal != OTHERS.seal_content(CONTENT)
    assert seal != KEYS.seal_content(replace(CONTENT, verb="case.closed"))
    assert KEYS.seal_link("ab" * 32) != KEYS.seal_link("cd" * 32)
    assert SECRET not in KEYS.public_key.encode()
