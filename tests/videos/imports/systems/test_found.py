from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.imports.systems.found import (
    Answer,
    AnswerUnusable,
    caption_of,
    in_words,
    many_lines,
    metadata_of,
    one_line,
    read_answer,
    read_json,
    require_address,
    require_id,
)


class Part(Answer):
    size: int


class Whole(Answer):
    files: list[Part]


@given(st.text())
def test_a_title_has_one_line_of_what_can_be_kept(text: str) -> None:
    title = one_line(text, 255)
    title.encode()
    assert title == one_line(title, 255)
    assert len(title) <= 255
    assert not any(ord(one) < 32 or 0x7F <= ord(one) < 0xA0 for one in title)


def test_what_a_terminal_would_obey_or_a_reader_would_be_deceived_by_goes() -> None:
    assert one_line("a\x1b[31mred\x00\u202egnp.exe\nb\ud800", 255) == "a[31mredgnp.exe b"
    assert many_lines("one\r\ntwo\tthree\x07\x00") == "one\ntwo\tthree"
    assert len(many_lines("x" * 9000)) == 5000


def test_an_answer_of_another_kind_is_told_by_its_place() -> None:
    with pytest.raises(AnswerUnusable, match=r"video: files\.1\.size: ") as told:
        read_answer(Whole, {"files": [{"size": 1}, {"size": "secret"}]}, what="video")
    assert "secret" not in str(told.value)
    with pytest.raises(AnswerUnusable, match="video: Input should be"):
        read_answer(Whole, ["no object"], what="video")


@pytest.mark.parametrize("data", [b"", b"<html>", b"[" * 100_000, b"\xff\xfe\xff", b"1" * 5000])
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(AnswerUnusable, match="no JSON"):
        read_json(data, what="the answer")


@pytest.mark.parametrize("bad", ["", "x" * 256, "a\nb", "a\x00", " a", "a\ud800"])
def test_an_id_is_kept_as_it_is_or_not_at_all(bad: str) -> None:
    with pytest.raises(AnswerUnusable):
        require_id(bad, what="id")
    assert require_id("a b/ü.mp4", what="id") == "a b/ü.mp4"


@pytest.mark.parametrize(
    "bad", [None, "", "file:///etc/passwd", "/etc/passwd", "s3://footage/a.mp4", "ftp://a/b"]
)
def test_no_answer_names_what_lies_on_this_side(bad: str | None) -> None:
    with pytest.raises(AnswerUnusable):
        require_address(bad, what="file")


@pytest.mark.parametrize(
    ("tag", "label", "language", "shown"),
    [
        ("de", "", "de", ""),
        ("pt_BR", "Português", "pt-BR", "Português"),
        ("en-orig", "", "en", "orig"),
        ("pt_BR-orig-x", "", "pt-BR", "orig-x"),
        ("en-orig", "Original", "en", "Original"),
        ("no such thing", "", "und", "no such thing"),
        ("", "", "und", ""),
    ],
)
def test_a_text_has_its_language(tag: str, label: str, language: str, shown: str) -> None:
    caption = caption_of(Path("a.vtt"), tag, label=label)
    assert (caption.language, caption.label) == (language, shown)


def test_metadata_holds_what_there_is() -> None:
    at = datetime(2012, 10, 2, 17, 17, 24, tzinfo=UTC)
    kept = metadata_of("folder", "https://a.example/b", at, tags=["sea", "\x00"], licence=None, channel="")
    assert kept == {
        "published_at": "2012-10-02T17:17:24Z",
        "tags": ["sea"],
        "imported_from": {"system": "folder", "url": "https://a.example/b"},
    }
    assert in_words(datetime(1, 1, 1)) == "0001-01-01T00:00:00Z"  # noqa: DTZ001 - as some systems write it
