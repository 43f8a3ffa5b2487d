from gilfoyle.lib.tracking_settings import TrackingSettings
from videos.usage.measures import BY_NAME, COUNTED, SHOWN
from videos.usage.models import DailyUse


def test_each_measure_has_a_name_of_its_own_that_its_column_holds() -> None:
    longest = DailyUse._meta.get_field("measure").max_length
    assert len(BY_NAME) == len(SHOWN)
    assert set(COUNTED) < set(SHOWN)
    assert all(longest and len(one.name) <= longest for one in COUNTED)


def test_each_floor_of_the_settings_is_that_of_a_measure() -> None:
    assert set(TrackingSettings.model_fields) - {"retention_days", "times"} <= set(BY_NAME)
