import pytest
from pydantic import ValidationError

from gilfoyle.lib.privacy_settings import PrivacySettings


def test_plays_are_counted_and_kept_for_two_years() -> None:
    privacy = PrivacySettings()
    assert (privacy.clean_originals, privacy.count_plays, privacy.usage_retention_days) == (True, True, 730)


def test_retention_is_a_number_of_days() -> None:
    with pytest.raises(ValidationError):
        PrivacySettings(usage_retention_days=-1)
