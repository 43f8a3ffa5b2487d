from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError

from tests.factories import make_project
from videos.access.models import Project
from videos.audit.actors import Actor, acting_as
from videos.management.telling import given_text, in_words, kept_unless, operator, read_moment


def test_moments_are_utc_unless_they_say_otherwise() -> None:
    assert read_moment(None) is read_moment("") is None
    assert read_moment("2026-11-29") == datetime(2026, 11, 29, tzinfo=UTC)
    assert read_moment("2026-11-29T12:00:00") == datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert in_words(read_moment("2026-11-29T12:00:00+02:00")) == "2026-11-29T10:00:00Z"
    assert in_words(None) == ""
    for wrong in ("soon", "2026-13-01", "2026-02-30T00:00:00"):
        with pytest.raises(CommandError, match="no time such as"):
            read_moment(wrong)


def test_a_text_comes_by_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", StringIO("long words\n"))
    assert given_text("-") == "long words"
    assert given_text("as it is") == "as it is"


@pytest.mark.django_db
def test_a_try_is_undone_and_the_real_thing_is_not() -> None:
    kept_unless(is_dry=True, work=lambda: make_project("tried"))
    assert kept_unless(is_dry=False, work=lambda: make_project("kept")).name == "kept"
    assert not Project.objects.filter(name="tried").exists()
    assert Project.objects.filter(name="kept").exists()


def test_who_types_is_a_person_and_gilfoyle_itself_is_none() -> None:
    with acting_as(Actor("operator", "op_1")):
        assert operator().is_person
    with acting_as(Actor("system", "scheduler")):
        assert not operator().is_person
