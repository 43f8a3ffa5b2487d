"""Lists of others are strangers' files: whatever lies in them is an entry or a problem with its line."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.fingerprints.list_files import DIGITS, OF_PICTURES, Entry, Problem, parse_list, render_list

SHA, MD5 = "a" * 64, "0123456789ABCDEF" * 2

references = st.text(st.characters(exclude_categories=("Cc", "Cf", "Cs", "Co", "Cn")), max_size=40).map(
    str.strip
)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    kind = draw(st.sampled_from(sorted(DIGITS)))
    digest = draw(st.text("0123456789abcdef", min_size=DIGITS[kind], max_size=DIGITS[kind]))
    reference = draw(references.filter(bool) if kind in OF_PICTURES else references)
    return Entry(kind, digest, reference, draw(st.floats(0, 1_000_000)))


@given(st.lists(entries(), max_size=8))
def test_what_is_written_is_read_as_the_same(listed: list[Entry]) -> None:
    lines = [line.encode() for line in render_list(listed)]
    assert list(parse_list(lines)) == listed


@given(st.lists(st.binary(max_size=80) | st.text(string.printable, max_size=80).map(str.encode), max_size=6))
def test_whatever_a_file_holds_is_an_entry_or_a_problem_of_its_line(lines: list[bytes]) -> None:
    for found in parse_list(lines):
        if isinstance(found, Problem):
            assert 1 <= found.line <= len(lines)
        else:
            assert len(found.digest) == DIGITS[found.kind]
            assert found.digest == found.digest.lower()


def test_lines_as_checksum_programs_write_them() -> None:
    lines = [b"\xef\xbb\xbf# a list\n", b"\n", f"{SHA}\r\n".encode(), f"{MD5} *a film.mp4\n".encode()]
    assert list(parse_list(lines)) == [Entry("sha256", SHA), Entry("md5", MD5.lower(), "a film.mp4")]


def test_csv_with_pictures() -> None:
    lines = [b"Kind,hash,at_s,reference\n", f'dct256,{SHA},1.5,"case 7, second"\n'.encode()]
    assert list(parse_list(lines)) == [Entry("dct256", SHA, "case 7, second", 1.5)]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([b"abc"], "no SHA-256"),
        ([b"g" * 64], "no SHA-256"),
        ([SHA.encode(), b"kind,hash"], "no SHA-256"),
        ([b"kind,digest"], "column 'digest'"),
        ([b"kind,kind,hash"], "each once"),
        ([b"kind,hash", b"sha256," + MD5.encode()], "64 hexadecimal digits"),
        ([b"kind,hash", b"photo," + SHA.encode()], "kind 'photo'"),
        ([b"kind,hash", b"pdq," + SHA.encode()], "needs a reference"),
        ([b"kind,hash", b"md5," + MD5.encode() + b",more"], "3 columns"),
        ([b"kind,hash,reference", b'md5,%s,"open' % MD5.encode()], "quotes"),
        ([b"kind,hash,at_s", b"md5,%s,nan" % MD5.encode()], "no time"),
        ([b"kind,hash,at_s", b"md5,%s,-1" % MD5.encode()], "no time"),
        ([b"kind,hash,reference", b"md5,%s,a\x07b" % MD5.encode()], "invisible"),
        ([b"kind,hash,reference", b"md5,%s,\xe2\x80\xaeb" % MD5.encode()], "invisible"),
        ([b"\xff\xfe"], "UTF-8"),
        ([b"a" * 1001], "longer"),
    ],
)
def test_what_is_wrong_is_said(lines: list[bytes], words: str) -> None:
    problems = [found for found in parse_list(lines) if isinstance(found, Problem)]
    assert [problem.line for problem in problems] == [len(lines)]
    assert words in problems[0].words
