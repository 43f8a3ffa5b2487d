import pytest
from django.contrib.sessions.backends.base import CreateError
from django.contrib.sessions.models import Session

from gilfoyle.lib.session_store import SessionStore
from tests.lost_races import Races, races_lost


@pytest.mark.django_db
def test_a_session_is_saved_again_where_it_lost_a_race(settings: object) -> None:
    races = Races.each_once()
    session = SessionStore()
    with races_lost(races):
        session["who"] = "ann"
        session.create()
        session.save()
    assert races.lost == 2
    key = Session.objects.get().session_key
    assert SessionStore(key)["who"] == "ann"
    with races_lost(races), pytest.raises(CreateError):
        session.save(must_create=True)


def test_django_is_told_of_it(settings: object) -> None:
    assert getattr(settings, "SESSION_ENGINE") == SessionStore.__module__  # noqa: B009 - the fixture has no types
