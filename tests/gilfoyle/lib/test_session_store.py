import pytest
from django.contrib.sessions.backends.base import CreateError, UpdateError
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


@pytest.mark.django_db
def test_also_where_it_lost_it_at_the_statement_for_which_django_has_a_word_of_its_own(
    settings: object,
) -> None:
    session = SessionStore()
    session.create()
    turns = iter([True])
    races = Races(lambda: next(turns, False))
    session["who"] = "ann"
    with races_lost(races, at_statements=True):
        session.save()
    assert races.lost == 1
    assert SessionStore(session.session_key)["who"] == "ann"


@pytest.mark.django_db
def test_a_new_one_that_was_never_given_a_key_is_made_again(settings: object) -> None:
    session = SessionStore()
    session["who"] = "ann"
    with races_lost(Races.each_once()):
        session.save()
    assert SessionStore(session.session_key)["who"] == "ann"


@pytest.mark.django_db
def test_one_that_is_gone_is_no_lost_race(settings: object) -> None:
    session = SessionStore()
    session.create()
    Session.objects.all().delete()
    with pytest.raises(UpdateError):
        session.save()


def test_django_is_told_of_it(settings: object) -> None:
    assert getattr(settings, "SESSION_ENGINE") == SessionStore.__module__  # noqa: B009 - the fixture has no types
