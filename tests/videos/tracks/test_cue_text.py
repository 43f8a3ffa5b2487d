from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from videos.tracks.cue_text import clean_settings, clean_text, is_at_top, is_drawing


def clean(text: str, shift_ms: int = 0) -> str:
    return clean_text(text, start_ms=1000, end_ms=5000, shift_ms=shift_ms)


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        ("Hello", "Hello"),
        ("<b>bold</b> <i>it</i> <u>un</u>", "<b>bold</b> <i>it</i> <u>un</u>"),
        ("<I>shouted</I>", "<i>shouted</i>"),
        ("<b>open <i>inner</b> rest", "<b>open <i>inner</i></b> rest"),
        ("<b>never closed", "<b>never closed</b>"),
        ("closed twice</b></b>", "closed twice"),
        ("<v Roger Bingham>We are in New York", "<v Roger Bingham>We are in New York</v>"),
        ("<v.loud.first Bob & Eve>Hi</v>", "<v.loud.first Bob &amp; Eve>Hi</v>"),
        ("<v>nobody", "nobody"),
        ("<c.yellow.bg_blue>warm</c>", "<c.yellow.bg_blue>warm</c>"),
        ("<lang eng>hello</lang>", "<lang en>hello</lang>"),
        ("<lang nonsense!>hello</lang>", "hello"),
        ("<ruby>字<rt>zi</rt></ruby>", "<ruby>字<rt>zi</rt></ruby>"),
        ("<rt>alone</rt>", "alone"),
        ('<font color="#ff0000" onclick=x>red</font>', "red"),
        ("{\\an8}{\\i1}top", "top"),
        ("one<br>two<br/>three", "one\ntwo\nthree"),
        ("one\n\n  two  \n\t\n", "one\ntwo"),
        ("I <3 you & 2 > 1", "I &lt;3 you &amp; 2 &gt; 1"),
        ("AT&amp;T &lt;b&gt; &nbsp;&lrm;", "AT&amp;T &lt;b&gt; \u00a0\u200e"),
        ("&unknown; &#10;&#10;00:01.000 --&gt; 00:02.000", "&amp;unknown; 00:01.000 --&gt; 00:02.000"),
        ("a\0b\x07c\ufeffd\ue000", "abcd\ue000"),
        ("left\u202eright\u2066", "leftright"),
        ("one\u2028\u2028two\x85three\vfour", "one\ntwo\nthree\nfour"),
        ("<script>alert(1)</script>safe", "safe"),
        ("<style>@import url(https://x)</style>safe", "safe"),
        ("<script>the rest is muted", ""),
        ("<img src=x onerror=alert(1)>", ""),
        ("<!-- hidden --> seen <?php x ?>", "seen"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("<b></b> \u202a", ""),
        ("one <00:00:02.000>two <00:03.500>three", "one <00:00:02.000>two <00:00:03.500>three"),
        ("<00:00:04.000>late <00:00:02.000>early <00:00:09.000>after", "<00:00:04.000>late early after"),
    ],
)
def test_only_known_markup_is_left(found, shown):
    assert clean(found) == shown
    assert clean(shown) == shown


def test_times_inside_move_with_the_cue():
    assert clean("<00:00:12.000>now", shift_ms=-10_000) == "<00:00:02.000>now"


def test_markup_is_not_nested_without_end():
    assert clean("<b>" * 100 + "x").count("<b>") == 12


def test_a_speakers_name_is_bounded():
    assert clean(f"<v {'n' * 500}>x") == f"<v {'n' * 100}>x</v>"


PIECES = st.sampled_from(
    ["<b>", "</b>", "<i", ">", "<", "</", "&", ";", "&lt;", "&#10;", "\n", "\n\n", " ", "-->", "<v A&amp;>",
     "<lang de>", "<ruby>", "<rt>", "</rt>", "</ruby>", "<script>", "</script>", "<00:00:02.000>", "{\\an8}", "\0",
     "\u2028", "\u202e", "<c.x.y>", "</c>", "text", "字", "<img onerror=x>", "\ud800"]
)  # fmt: skip
ALLOWED = re.compile(
    r"</?(?:b|i|u|ruby|rt)(?:\.[\w.-]+)?>|</?c(?:\.[\w.-]+)?>|<v(?:\.[\w.-]+)? [^<>\n]+>|</v>"
    r"|<lang(?:\.[\w.-]+)? [A-Za-z0-9-]+>|</lang>|<\d\d:\d\d:\d\d\.\d{3}>"
)


@given(st.one_of(st.lists(PIECES, max_size=30).map("".join), st.text(max_size=80)))
def test_whatever_comes_in_what_goes_out_is_safe_and_stays_as_it_is(found):
    shown = clean(found)
    assert clean(shown) == shown
    assert "\n\n" not in shown
    assert shown == shown.strip()
    assert "-->" not in shown
    shown.encode()
    text = ALLOWED.sub("", shown)
    assert "<" not in text
    assert ">" not in text
    assert html.escape(html.unescape(text), quote=False) == text
    assert shown.count("<b>") == shown.count("</b>")


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ("align:start position:10% line:-1", "align:start position:10% line:-1"),
        ("line:85%,end  size:50.5%", "line:85%,end size:50.5%"),
        ("vertical:rl line:0", "vertical:rl line:0"),
        ("position:110% size:-3% align:up region:x color:red", ""),
        ("align:left align:right", "align:left"),
        ("X1:10 X2:20", ""),
        ("", ""),
    ],
)
def test_settings_are_those_that_webvtt_knows(found, kept):
    assert clean_settings(found) == kept


def test_a_place_at_the_top_is_understood():
    assert is_at_top("{\\an8}up")
    assert is_at_top("{\\a7}up")
    assert not is_at_top("{\\an2}down")


def test_drawings_are_told_from_text():
    assert is_drawing("m 0 0 l 100 0 100 100 0 100")
    assert is_drawing(" M -3.5 7 b 1 2 3 4 5 6 ")
    assert not is_drawing("m 0 is a set")
    assert not is_drawing("Mm.")
