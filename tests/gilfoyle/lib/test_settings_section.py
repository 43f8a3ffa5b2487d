from __future__ import annotations

import pytest
from pydantic import ValidationError

from gilfoyle.lib.settings_section import Section


class Lamp(Section):
    watts: int = 5


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(ValidationError):
        Lamp.model_validate({"wats": 5})


def test_a_section_does_not_change() -> None:
    with pytest.raises(ValidationError):
        setattr(Lamp(), "watts", 6)  # noqa: B010  # mypy knows that it is frozen
