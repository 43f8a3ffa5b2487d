from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from gilfoyle.admin_sessions import forget_sessions


@pytest.mark.django_db
def test_sessions_that_are_over_are_removed() -> None:
    now = timezone.now()
    for name, left in (("over", -1), ("living", 60)):
        Session.objects.create(session_key=name, session_data="", expire_date=now + timedelta(seconds=left))
    assert forget_sessions(now=now) == 1
    assert forget_sessions(now=now) == 0
    assert Session.objects.get().session_key == "living"
