from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.chapters.chapter import (
    LONGEST_TITLE,
    MOST_CHAPTERS,
    Chapter,
    arrange,
    clean_title,
    from_json,
    to_json,
)

FOUND = st.builds(Chapter, st.integers(-10_000, 10_000_000), st.text(max_size=20))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("  The   opening\r\n\tact ", "The opening act"),
        ("Café", "Café"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("a\x00b\x1b[31mc\ufeff", "ab[31mc"),
        ("\u200b\u2060 \u00ad", ""),
        ("\u0301", ""),
        ("", ""),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),  # shown as it is, and never as markup
        ("第一章 🎬", "第一章 🎬"),
        ("x" * 999, "x" * LONGEST_TITLE),
    ],
)
def test_titles_are_one_line_of_what_can_be_seen(text: str, shown: str) -> None:
    assert clean_title(text) == shown


@given(st.text())
def test_any_title_is_clean_at_once(text: str) -> None:
    title = clean_title(text)
    assert clean_title(title) == title
    assert len(title) <= LONGEST_TITLE
    assert not any(unicodedata.category(one) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for one in title)


@given(st.lists(FOUND, max_size=600), st.none() | st.integers(0, 10_000_000))
def test_any_list_comes_out_in_order_and_within_the_video(found: list[Chapter], end_ms: int | None) -> None:
    shown = arrange(found, end_ms=end_ms)
    starts = [one.start_ms for one in shown]
    assert starts == sorted(set(starts))
    assert len(shown) <= MOST_CHAPTERS
    assert all(one.title and one.start_ms >= 0 for one in shown)
    assert end_ms is None or all(start_ms < end_ms for start_ms in starts)
    assert from_json(to_json(shown)) == shown
    assert arrange(shown, end_ms=end_ms) == shown
