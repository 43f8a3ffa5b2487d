from typing import get_args

import pytest
from pydantic import ValidationError

from gilfoyle.lib.strike_settings import ReasonCode, StrikeSettings, StrikeSteps
from videos.moderation.reasons import CODES


def test_a_creator_is_reviewed_then_limited_then_frozen_and_nobody_else_by_default() -> None:
    wanted = StrikeSettings()
    assert wanted.creator == StrikeSteps(review_first_at=2, limited_at=3, freeze_at=4)
    assert wanted.api_key == wanted.project == StrikeSteps()
    assert wanted.expire_days == 90


def test_its_reasons_are_those_of_moderation() -> None:
    assert get_args(ReasonCode) == CODES
    with pytest.raises(ValidationError, match="weights"):
        StrikeSettings.model_validate({"weights": {"because": 1}})


def test_steps_do_not_fall_but_may_be_left_out() -> None:
    assert StrikeSteps(review_first_at=2, freeze_at=2).limited_at == 0
    with pytest.raises(ValidationError, match="must not fall"):
        StrikeSteps(review_first_at=3, freeze_at=2)
    with pytest.raises(ValidationError):
        StrikeSteps(freeze_at=-1)
