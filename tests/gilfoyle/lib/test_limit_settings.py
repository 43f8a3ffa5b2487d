import pytest
from pydantic import ValidationError

from gilfoyle.lib.limit_settings import LimitSettings


def test_by_default_only_forgotten_uploads_are_bounded() -> None:
    limits = LimitSettings()
    assert limits.max_uploads_at_once == 1000
    assert not any(
        (
            limits.max_stored_bytes,
            limits.max_minutes_a_month,
            limits.max_encodes_at_once,
            limits.max_requests_a_minute,
            limits.max_key_requests_a_minute,
        )
    )


@pytest.mark.parametrize("wrong", [{"max_stored_bytes": -1}, {"max_uploads_at_once": "many"}, {"max_it": 1}])
def test_what_is_no_limit_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LimitSettings.model_validate(wrong)


def test_bytes_may_be_written_with_their_unit() -> None:
    assert LimitSettings.model_validate({"max_stored_bytes": "500GiB"}).max_stored_bytes == 500 * 1024**3
