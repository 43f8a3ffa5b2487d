import pytest
from pydantic import ValidationError

from gilfoyle.lib.tracking_settings import TrackingSettings


def test_sizes_can_be_told_in_words_and_nothing_is_negative() -> None:
    assert TrackingSettings.model_validate({"bytes_in": "2GiB"}).bytes_in == 2 * 1024**3
    for wrong in ({"uploads": -1}, {"times": 0.5}, {"bytes_in": -1}, {"retention_days": 99_999}):
        with pytest.raises(ValidationError):
            TrackingSettings.model_validate(wrong)
