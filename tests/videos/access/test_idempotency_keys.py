import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from videos.access.idempotency_keys import MAX_LENGTH, KeptKey, read_key
from videos.errors import IdempotencyKeyInvalid

UUID = "8e03978e-40d5-43dd-bc93-6894a57f9324"
ROOT = b"r" * 32
ALPHABET = "ABCabc019._~:+/=@-"
keys = st.text(ALPHABET, min_size=1, max_size=MAX_LENGTH)


def kept(text: str = UUID, project: str = "abc", root: bytes = ROOT) -> KeptKey:
    return KeptKey.of(text, project_id=project, root_secret=root)


def test_no_header_is_no_key() -> None:
    assert read_key(None) is None


@given(keys)
def test_quoted_and_bare_are_the_same_key(text: str) -> None:
    assert read_key(text) == read_key(f'"{text}"') == read_key(f' "{text}"\t') == text


@pytest.mark.parametrize(
    "header",
    [
        "",
        '""',
        '"',
        "a b",
        "a,b",
        '"a","a"',
        '"a";x=1',
        'a"b',
        '"a\\"b"',
        "a" * (MAX_LENGTH + 1),
        f'"{"a" * (MAX_LENGTH + 1)}"',
        "a\0b",
        "a\n",
        "\u00e9",
        "\u0663",
        "a" * 1_000_000,
    ],
)
def test_what_is_no_key(header: str) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        read_key(header)


@given(st.text(max_size=300))
def test_whatever_comes_is_a_key_or_refused(header: str) -> None:
    try:
        key = read_key(header)
    except IdempotencyKeyInvalid:
        return
    assert key is not None
    assert key.isascii()
    assert key in header


def test_a_name_tells_nothing_and_belongs_to_one_project() -> None:
    names = {kept().name, kept(project="abd").name, kept(text=UUID + "0").name, kept(root=b"s" * 32).name}
    assert len(names) == 4
    assert all(len(name) == 64 and UUID not in name for name in names)
    # Where one ends and the other begins is part of it.
    assert kept(text="bc", project="a").name != kept(text="c", project="ab").name


@given(st.binary(max_size=500))
def test_a_sealed_answer_is_opened_by_its_key_alone(answer: bytes) -> None:
    sealed = kept().seal(answer)
    assert kept().open(sealed) == answer
    assert sealed != kept().seal(answer)
    for other in (kept(project="abd"), kept(text="x"), kept(root=b"s" * 32)):
        with pytest.raises(InvalidTag):
            other.open(sealed)
    with pytest.raises(InvalidTag):
        kept().open(sealed[:-1] + bytes([sealed[-1] ^ 1]))


@given(st.lists(st.binary(max_size=5), max_size=5), st.lists(st.binary(max_size=5), max_size=5))
def test_a_fingerprint_tells_requests_apart(one: list[bytes], other: list[bytes]) -> None:
    assert (kept().fingerprint(one) == kept().fingerprint(other)) == (one == other)
    assert kept().fingerprint(one) != kept(text="x").fingerprint(one)


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(kept())
