import pytest
from pydantic import ValidationError

from gilfoyle.lib.public_report_settings import PublicReportSettings


def test_the_form_is_off_unless_it_is_wanted_and_always_bounded() -> None:
    assert not PublicReportSettings().enabled
    for key in ("video_per_hour", "project_per_hour"):
        with pytest.raises(ValidationError):
            PublicReportSettings.model_validate({key: 0})
