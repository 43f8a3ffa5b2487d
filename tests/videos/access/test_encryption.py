from __future__ import annotations

import pytest

from gilfoyle.lib.config import Config
from videos.access.encryption import CHOICES, encrypts
from videos.access.models import Project


@pytest.mark.parametrize(
    ("is_public", "by_default", "own", "wanted"),
    [
        (False, False, "", False),
        (False, True, "", True),
        (False, True, "off", False),
        (False, False, "on", True),
        (True, False, "", True),
        (True, False, "off", True),
        (True, True, "off", True),
    ],
)
def test_whether_a_project_encrypts(*, is_public: bool, by_default: bool, own: str, wanted: bool) -> None:
    config = Config.model_validate(
        {"storage": {"is_public": is_public}, "playback": {"encryption": by_default}}
    )
    assert own in CHOICES
    assert encrypts(Project(name="Shop", encryption=own), config) is wanted
