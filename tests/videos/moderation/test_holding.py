from typing import Any

import pytest

from tests.videos.moderation.making import make_case
from videos.moderation import states
from videos.moderation.holding import hold_of_house
from videos.moderation.models import RULE, Case

pytestmark = pytest.mark.django_db


def test_it_holds_once_and_only_what_is_undecided() -> None:
    case = make_case()
    hold: dict[str, Any] = {"case_id": case.pk, "reason": "hate", "explanation": "Wait.", "channel": RULE}
    made = hold_of_house(**hold)
    assert made is not None
    assert (made.kind, made.is_automated, made.channel) == ("hold", True, RULE)
    assert hold_of_house(**hold) is None
    other = make_case()
    Case.objects.filter(pk=other.pk).update(state=states.CLOSED)
    assert hold_of_house(**{**hold, "case_id": other.pk}) is None
