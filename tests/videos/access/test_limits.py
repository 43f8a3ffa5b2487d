from gilfoyle.lib.limit_settings import LimitSettings
from videos.access.limits import NAMES, OF_KEYS, Limits, effective, limits_of_key, limits_of_project
from videos.access.models import ApiKey, Project

DEFAULTS = LimitSettings.model_validate(
    {"max_stored_bytes": "1GiB", "max_requests_a_minute": 60, "max_key_requests_a_minute": 30}
)


def test_own_numbers_count_before_the_settings_and_nought_is_none() -> None:
    assert effective(None, 5) == 5
    assert effective(7, 5) == 7
    assert effective(0, 5) is None
    assert effective(None, 0) is None


def test_a_project_has_the_settings_limits_but_where_it_has_its_own() -> None:
    assert limits_of_project(Project(), DEFAULTS) == Limits(
        max_stored_bytes=1024**3, max_uploads_at_once=1000, max_requests_a_minute=60
    )
    own = Project(max_stored_bytes=0, max_encodes_at_once=2, max_minutes_a_month=90)
    assert limits_of_project(own, DEFAULTS) == Limits(
        max_minutes_a_month=90, max_uploads_at_once=1000, max_encodes_at_once=2, max_requests_a_minute=60
    )


def test_a_key_has_none_of_its_own_but_for_requests() -> None:
    assert limits_of_key(ApiKey(), DEFAULTS) == Limits(max_requests_a_minute=30)
    own = ApiKey(max_stored_bytes=9, max_uploads_at_once=2, max_requests_a_minute=0)
    assert limits_of_key(own, DEFAULTS) == Limits(max_stored_bytes=9, max_uploads_at_once=2)


def test_each_limit_is_a_column_of_the_project_and_a_key_of_the_settings() -> None:
    for name in NAMES:
        assert hasattr(Project(), name)
        assert name in LimitSettings.model_fields
    assert all(hasattr(ApiKey(), name) for name in OF_KEYS)
