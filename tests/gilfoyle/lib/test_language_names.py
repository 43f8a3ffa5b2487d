from __future__ import annotations

import pytest

from gilfoyle.lib.language_names import language_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("en", "English"),
        ("deu", "Deutsch"),
        ("ger", "Deutsch"),
        ("fr-CA", "Français"),
        ("pt-BR", "Português Brasileiro"),
        ("tlh", "Tlh"),
        ("und", ""),
        ("zxx", ""),
        ("", ""),
        ('en"', ""),
    ],
)
def test_languages_are_called_as_their_speakers_call_them(text, name):
    assert language_name(text) == name
