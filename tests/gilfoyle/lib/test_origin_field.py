from __future__ import annotations

import pytest
from rest_framework.serializers import ValidationError

from gilfoyle.lib.origin_field import OriginField


def test_an_origin_is_kept_in_its_one_spelling() -> None:
    assert OriginField().run_validation("HTTPS://WWW.example.org:443/") == "https://www.example.org"


@pytest.mark.parametrize(
    "text", ["*", "example.org", "https://example.org/path", "ftp://example.org", "null"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="origin"):
        OriginField().run_validation(text)
