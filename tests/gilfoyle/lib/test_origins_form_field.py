from __future__ import annotations

import pytest
from django import forms

from gilfoyle.lib.origins_form_field import OriginsField


def test_origins_are_taken_in_one_spelling_and_once() -> None:
    field = OriginsField(most=2, required=False)
    assert field.clean(" https://WWW.example.org/\nhttps://www.example.org:443\thttp://b.example:81 ") == [
        "https://www.example.org",
        "http://b.example:81",
    ]
    assert field.clean("") == []


@pytest.mark.parametrize("text", ["*", "https://a.example/path", "javascript:alert(1)", "a.example"])
def test_what_is_no_origin_is_named(text: str) -> None:
    with pytest.raises(forms.ValidationError, match="is no origin such as"):
        OriginsField(most=2).clean(text)


def test_there_are_not_too_many_of_them() -> None:
    with pytest.raises(forms.ValidationError, match=r"At most 1\."):
        OriginsField(most=1).clean("https://a.example https://b.example")


def test_a_word_for_all_of_them_is_taken_where_there_is_one() -> None:
    assert OriginsField(most=2, any_word="*").clean("*") == ["*"]
