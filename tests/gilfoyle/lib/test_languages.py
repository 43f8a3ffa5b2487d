from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gilfoyle.lib.languages import MAX_LENGTH, known_tag, standard_tag


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("en", "en"),
        ("eng", "en"),
        ("ger", "de"),
        ("deu", "de"),
        ("de_DE", "de-DE"),
        ("zh-hans", "zh-Hans"),
        ("EN-us", "en-US"),
        ("und", "und"),
        ("sr-Latn", "sr-Latn"),
        ("", None),
        ("x", None),
        ("xx", None),
        ("english please", None),
        ('en"', None),
        ("é", None),
        ("en-" + "x" * 60, None),
    ],
)
def test_tags_are_written_in_one_way(written, tag):
    assert standard_tag(written) == tag
    assert known_tag(written) == (tag or "und")


@given(st.text(max_size=40))
def test_any_text_is_a_tag_or_none(text):
    tag = standard_tag(text)
    assert tag is None or (0 < len(tag) <= MAX_LENGTH and standard_tag(tag) == tag)
