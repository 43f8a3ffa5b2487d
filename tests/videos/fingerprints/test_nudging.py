from datetime import timedelta

import pytest
from django.utils import timezone
from dramatiq.brokers.stub import StubBroker

from tests.videos.fingerprints.bans import make_ban, make_uploaded
from videos.fingerprints.models import BankState
from videos.fingerprints.nudging import nudge_search
from videos.fingerprints.searching import search_library

pytestmark = pytest.mark.django_db


def test_a_search_is_sent_for_where_something_was_banned_since_and_nobody_is_at_it(
    stub_broker: StubBroker,
) -> None:
    make_uploaded()
    assert not nudge_search(), "nothing is banned"
    make_ban("a" * 64)
    assert nudge_search()
    assert stub_broker.queues["default"].qsize() == 1
    BankState.objects.update(search_until=timezone.now() + timedelta(seconds=9))
    assert not nudge_search()
    BankState.objects.update(search_until=None)
    search_library()
    assert not nudge_search()
