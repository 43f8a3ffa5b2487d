from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from gilfoyle.staff import tries
from gilfoyle.staff.delays import FREE_TRIES, TRIES_OF_ALL, WINDOW_OF_ALL_S
from gilfoyle.staff.models import SignInTries
from tests.threads import run_at_once

pytestmark = pytest.mark.django_db


def request_with(cookie: str = "") -> HttpRequest:
    request = RequestFactory().get("/")
    if cookie:
        request.COOKIES["gilfoyle_known"] = cookie
    return request


def known_cookie(name: str) -> str:
    response = HttpResponse()
    tries.remember_browser(request_with(), response, name)
    return str(response.cookies["gilfoyle_known"].value)


def age(subject: str, by_s: float) -> None:
    """Let a row be older than it is."""
    row = SignInTries.objects.get(subject=subject)
    row.last_at -= timedelta(seconds=by_s)
    row.since -= timedelta(seconds=by_s)
    row.save()


def test_a_name_waits_after_some_tries_in_vain_and_others_do_not() -> None:
    mine = tries.subject_of_name(request_with(), "root")
    assert [tries.begin_try(mine) for _ in range(FREE_TRIES)] == [0] * FREE_TRIES
    assert 28 <= tries.begin_try(mine) <= 30
    assert SignInTries.objects.get(subject=mine).failures == FREE_TRIES  # what has to wait is not counted
    assert tries.begin_try(tries.subject_of_name(request_with(), "other")) == 0
    age(mine, 31)
    assert tries.begin_try(mine) == 0
    assert 58 <= tries.begin_try(mine) <= 60


def test_spellings_of_a_name_are_one() -> None:
    subjects = {tries.subject_of_name(request_with(), name) for name in ("root", "ROOT", " root ", "Root\n")}
    assert len(subjects) == 1


@pytest.mark.parametrize("name", ["", "x" * 100_000, "\ud800", "\0", "name:all", "all"])
def test_whatever_is_typed_is_a_subject_and_never_kept(name: str) -> None:
    subject = tries.subject_of_name(request_with(), name)
    assert tries.begin_try(subject) == 0
    kept = " ".join(SignInTries.objects.values_list("subject", flat=True))
    assert len(subject) <= 64
    assert len(name) < 4 or name == "all" or name not in kept


def test_what_was_good_is_not_held_against_anybody() -> None:
    mine = tries.subject_of_name(request_with(), "root")
    for _ in range(FREE_TRIES - 1):
        tries.begin_try(mine)
    tries.begin_try(mine)
    tries.forgive(mine)
    assert tries.begin_try(mine) == 0
    assert SignInTries.objects.get(subject=mine).failures == 1
    assert SignInTries.objects.get(subject=tries.OF_ALL).failures == FREE_TRIES


def test_a_browser_that_is_known_is_not_kept_out_by_the_guesses_of_others() -> None:
    his = request_with(known_cookie("root"))
    stranger = tries.subject_of_name(request_with(), "root")
    for _ in range(FREE_TRIES + 1):
        tries.begin_try(stranger)
    assert tries.begin_try(stranger) > 0
    assert tries.begin_try(tries.subject_of_name(his, "root")) == 0
    assert tries.subject_of_name(his, "other") == tries.subject_of_name(request_with(), "other")


def test_a_known_browser_may_not_guess_either() -> None:
    his = tries.subject_of_name(request_with(known_cookie("root")), "root")
    for _ in range(FREE_TRIES):
        assert tries.begin_try(his) == 0
    assert tries.begin_try(his) > 0


@pytest.mark.parametrize("spoil", [lambda text: text[:-2], lambda _text: "x", lambda text: "A" + text])
def test_a_forged_cookie_makes_nobody_known(spoil: Any) -> None:
    forged = request_with(spoil(known_cookie("root")))
    assert tries.subject_of_name(forged, "root").startswith("name:")


def test_a_browser_keeps_its_number() -> None:
    first = known_cookie("root")
    response = HttpResponse()
    tries.remember_browser(request_with(first), response, "root")
    again = str(response.cookies["gilfoyle_known"].value)
    assert tries.subject_of_name(request_with(again), "root") == tries.subject_of_name(
        request_with(first), "root"
    )
    assert response.cookies["gilfoyle_known"]["httponly"]


def test_one_guess_at_each_of_many_names_comes_to_an_end_and_that_ends_too() -> None:
    now = timezone.now()
    SignInTries.objects.create(subject=tries.OF_ALL, failures=TRIES_OF_ALL - 1, since=now, last_at=now)
    assert tries.begin_try(tries.subject_of_name(request_with(), "last")) == 0
    fresh = tries.subject_of_name(request_with(), "fresh")
    assert 590 <= tries.begin_try(fresh) <= WINDOW_OF_ALL_S
    assert tries.begin_try(tries.subject_of_name(request_with(known_cookie("root")), "root")) == 0
    assert tries.begin_try(tries.subject_of_code(1)) == 0
    age(tries.OF_ALL, WINDOW_OF_ALL_S)
    assert tries.begin_try(fresh) == 0
    assert SignInTries.objects.get(subject=tries.OF_ALL).failures == 1


def test_what_is_a_day_old_is_forgotten() -> None:
    mine = tries.subject_of_code(7)
    for _ in range(FREE_TRIES + 1):
        tries.begin_try(mine)
    assert tries.forget_tries() == 0
    age(mine, 24 * 3600 + 1)
    assert tries.begin_try(mine) == 0
    assert SignInTries.objects.get(subject=mine).failures == 1
    age(mine, 24 * 3600 + 1)
    assert tries.forget_tries() == 1


@pytest.mark.django_db(transaction=True)
def test_tries_at_once_are_no_more_than_one_after_another() -> None:
    mine = tries.subject_of_name(request_with(), "root")
    waits = run_at_once([lambda: tries.begin_try(mine) for _ in range(3 * FREE_TRIES)])
    assert sum(wait_s == 0 for wait_s in waits) == FREE_TRIES
