import pytest
from pydantic import ValidationError

from gilfoyle.lib.scheduler_settings import SchedulerSettings


def test_a_lease_has_a_length_that_can_be_kept_and_waited_for() -> None:
    assert SchedulerSettings.model_validate({}).lease_s == 10
    for lease_s in (2.9, 301):
        with pytest.raises(ValidationError):
            SchedulerSettings(lease_s=lease_s)
