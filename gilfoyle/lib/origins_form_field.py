"""Web origins in the admin's forms: one a line."""

from __future__ import annotations

from typing import Any

from django import forms

from gilfoyle.lib.origins import normalize_origin


class OriginsField(forms.CharField):
    """Origins in their canonical spelling, each once; `any_word` is a word that is taken for all of them."""

    def __init__(self, *, most: int, any_word: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._most, self._any_word = most, any_word

    def clean(self, value: Any) -> list[str]:
        given = str(super().clean(value)).split()
        origins = [text if text == self._any_word else normalize_origin(text) for text in given]
        if None in origins:
            message = f"{given[origins.index(None)][:80]} is no origin such as https://www.example.org."
            raise forms.ValidationError(message)
        each = [origin for origin in dict.fromkeys(origins) if origin]
        if len(each) > self._most:
            message = f"At most {self._most}."
            raise forms.ValidationError(message)
        return each
