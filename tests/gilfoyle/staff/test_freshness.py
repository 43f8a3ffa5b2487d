import time
from typing import Any

import pytest
from django.http import HttpRequest

from gilfoyle.staff.freshness import (
    CONFIRMED_AT,
    SIGNED_IN_AT,
    is_fresh,
    is_over,
    note_confirmed,
    note_sign_in,
)


def request_with(**session: Any) -> HttpRequest:
    request = HttpRequest()
    request.session = session  # type: ignore[assignment]  # as a session behaves
    return request


def test_a_sign_in_is_a_confirmation() -> None:
    request = request_with()
    note_sign_in(request=request, user=None, sender=None)
    assert not is_over(request)
    assert is_fresh(request, within_s=30)


def test_a_session_ends_however_much_is_done_in_it(settings: Any) -> None:
    request = request_with(**{SIGNED_IN_AT: int(time.time()) - settings.SESSION_COOKIE_AGE})
    note_confirmed(request)
    assert is_over(request)
    assert is_fresh(request, within_s=30)


@pytest.mark.parametrize(
    "at",
    [None, "now", -1, int(time.time()) + 3600, int(time.time()) - 601],
    ids=["nothing", "a word", "before all time", "to come", "long ago"],  # the same in every process
)
def test_what_is_unknown_to_come_or_long_ago_is_not_fresh(at: Any) -> None:
    request = request_with(**{CONFIRMED_AT: at})
    assert not is_fresh(request, within_s=600)
    assert is_over(request)  # nobody signed in
