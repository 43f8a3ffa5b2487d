import pytest
from pydantic import ValidationError

from gilfoyle.lib.api_settings import ApiSettings


def test_a_key_is_remembered_for_a_day() -> None:
    assert ApiSettings().idempotency_ttl_s == 86400


@pytest.mark.parametrize("ttl_s", [0, 59, 31 * 86400])
def test_neither_for_no_time_nor_for_ever(ttl_s: int) -> None:
    with pytest.raises(ValidationError):
        ApiSettings(idempotency_ttl_s=ttl_s)
